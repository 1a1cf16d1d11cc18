use super::*;

const TASK: &str = "arn:aws:braket:eu-north-1:123456789012:quantum-task/a";

fn cur(cost: &str, currency: &str, kind: &str) -> String {
    format!(
        "identity/LineItemId,lineItem/LineItemType,lineItem/UsageStartDate,lineItem/ProductCode,lineItem/UsageType,\
         lineItem/ResourceId,lineItem/UnblendedCost,lineItem/CurrencyCode,lineItem/UsageAccountId,new/Column\n\
         1,{kind},2026-11-24T00:00:00Z,AmazonBraket,EUN1-Task,{TASK},{cost},{currency},123456789012,x\n\
         2,Usage,2026-11-24T00:00:00Z,AmazonS3,Requests,bucket,oops,USD,123456789012,x\n"
    )
}

#[test]
fn both_reports_the_console_and_focus_say_the_same() {
    let first = Bill::read(&cur("0.3000000000", "USD", "Usage")).unwrap();
    assert_eq!((first.others, first.lines.len()), (1, 1));
    let line = &first.lines[0];
    assert_eq!((line.cost.to_string().as_str(), line.task.as_deref()), ("0.3", Some(TASK)));
    let second = format!(
        "line_item_line_item_type,line_item_usage_start_date,line_item_product_code,line_item_usage_type,\
         line_item_resource_id,line_item_unblended_cost,line_item_currency_code,line_item_usage_account_id\n\
         Usage,2026-11-24 00:00:00,AmazonBraket,EUN1-Task,{TASK},0.3,USD,123456789012\n"
    );
    assert_eq!(Bill::read(&second).unwrap().lines[0], *line);
    let console = "RecordType,ProductCode,UsageType,UsageStartDate,CostBeforeTax,CurrencyCode,LinkedAccountId\n\
         LinkedLineItem,AmazonBraket,EUN1-Task,2026/11/24 00:00:00,0.3,USD,123456789012\n\
         AccountTotal,AmazonBraket,,,0.3,USD,123456789012\n";
    let read = Bill::read(console).unwrap();
    assert_eq!((read.lines.len(), read.lines[0].task.as_ref()), (1, None));
    assert_eq!((&read.lines[0].day, read.lines[0].cost), (&line.day, line.cost));
}

/// Costs, kinds and whether a task is named, line by line.
fn seen(text: &str) -> Vec<(String, Kind, bool)> {
    let bill = Bill::read(text).unwrap();
    bill.lines.iter().map(|l| (l.cost.to_string(), l.kind, l.task.is_some())).collect()
}

#[test]
fn credits_discounts_and_tax_of_the_first_report_are_no_use() {
    let head = "identity/LineItemId,identity/TimeInterval,bill/InvoiceId,bill/BillingEntity,bill/BillType,\
                bill/PayerAccountId,lineItem/UsageAccountId,lineItem/LineItemType,lineItem/ProductCode,\
                lineItem/UsageType,lineItem/Operation,lineItem/ResourceId,lineItem/UsageAmount,\
                lineItem/CurrencyCode,lineItem/UnblendedRate,lineItem/UnblendedCost,product/ProductName";
    let row = |kind: &str, resource: &str, cost: &str| {
        format!(
            "q,2026-11-24T00:00:00Z/2026-11-25T00:00:00Z,,AWS,Anniversary,111111111111,123456789012,{kind},\
             AmazonBraket,EUN1-Task-Shot,CompleteTask,{resource},1000.0000000000,USD,0.0014500000,{cost},Amazon Braket"
        )
    };
    let rows = [
        row("Usage", TASK, "0.3000000000"),
        row("DiscountedUsage", TASK, "1.4500000000"),
        row("EdpDiscount", TASK, "-0.1225000000"),
        row("Credit", "", "-1.0000000000"),
        row("Refund", "", "-0.1000000000"),
        row("Tax", "", "0.1200000000"),
    ];
    let text = format!("\u{feff}{head}\r\n{}\r\n", rows.join("\r\n"));
    let expected = [
        ("0.3", Kind::Usage, true),
        ("1.45", Kind::Usage, true),
        ("-0.1225", Kind::Credit, true),
        ("-1", Kind::Credit, false),
        ("-0.1", Kind::Credit, false),
        ("0.12", Kind::Tax, false),
    ];
    assert_eq!(seen(&text), expected.map(|(m, k, t)| (m.to_owned(), k, t)));
    let bill = Bill::read(&text).unwrap();
    assert!(bill.lines.iter().all(|l| l.day == "2026-11-24"), "from the interval, where no start is given");
}

#[test]
fn columns_of_the_second_report_stand_in_any_order_and_some_are_missing() {
    let text = format!(
        "line_item_unblended_cost,product,line_item_resource_id,tags,line_item_product_code,bill_bill_type\n\
         0.3,\"{{\"\"region\"\":\"\"eu-north-1\"\"}}\",{TASK},{{}},AmazonBraket,Anniversary\n\
         -0.1,{{}},{TASK},{{}},AmazonBraket,Anniversary\n\
         7,{{}},i-1,{{}},AmazonEC2,Anniversary\n"
    );
    assert_eq!(
        seen(&text),
        [("0.3".to_owned(), Kind::Usage, true), ("-0.1".to_owned(), Kind::Credit, true)],
        "without a column of types a negative line is a credit"
    );
    let bill = Bill::read(&text).unwrap();
    assert_eq!((bill.no_currency, bill.others, bill.lines[0].day.as_str()), (true, 1, ""));
}

#[test]
fn focus_corrects_use_by_negative_lines() {
    let focus = |class: &str| {
        format!(
            "AvailabilityZone,BilledCost,BillingAccountId,BillingCurrency,ChargeCategory,ChargeClass,\
             ChargeDescription,ChargePeriodStart,EffectiveCost,ListCost,ResourceId,ServiceName,SubAccountId,\
             x_Discounts,x_ServiceCode,x_UsageType\n\
             ,0.445,111111111111,USD,Usage,,\"$0.30 per task, shots beside\",2026-11-24T00:00:00Z,0.445,0.445,{TASK},\
             Amazon Braket,123456789012,{{}},AmazonBraket,EUN1-Task\n\
             ,-0.145,111111111111,USD,Usage,{class},back,2026-11-24T00:00:00Z,-0.145,-0.145,{TASK},Amazon Braket,\
             123456789012,{{}},AmazonBraket,EUN1-Task\n"
        )
    };
    let bill = Bill::read(&focus("Correction")).unwrap();
    assert_eq!((bill.lines[1].kind, bill.lines[1].cost.to_string().as_str()), (Kind::Usage, "-0.145"));
    assert_eq!((bill.lines[0].usage.as_str(), bill.lines[0].account.as_str()), ("EUN1-Task", "123456789012"));
    assert!(matches!(Bill::read(&focus("")), Err(BillError::Amount { line: 3, .. })));
}

#[test]
fn the_console_keeps_credits_and_tax_beside_a_line_and_prose_above_the_table() {
    let text = "\"Don't see your tags in the report? New tags are excluded by default.\"\n\
         \"InvoiceID\",\"LinkedAccountId\",\"RecordType\",\"ProductCode\",\"ProductName\",\"UsageType\",\"UsageStartDate\",\
         \"CurrencyCode\",\"CostBeforeTax\",\"Credits\",\"TaxAmount\",\"TotalCost\"\n\
         \"Estimated\",\"123456789012\",\"LinkedLineItem\",\"AmazonBraket\",\"Amazon Braket\",\"EUN1-Task\",\
         \"2026/11/24 00:00:00\",\"USD\",\"0.300000\",\"-0.100000\",\"0.019000\",\"0.219000\"\n\
         \"Estimated\",\"123456789012\",\"AccountTotal\",\"AmazonBraket\",\"\",\"\",\"\",\"USD\",\"0.3\",\"-0.1\",\"0.019\",\"0.219\"\n";
    let expected = [("0.3", Kind::Usage), ("-0.1", Kind::Credit), ("0.019", Kind::Tax)];
    assert_eq!(seen(text), expected.map(|(m, k)| (m.to_owned(), k, false)));
    assert_eq!(Bill::read(text).unwrap().lines[0].number, 3);
    let wrong = text.replace("\"0.300000\"", "\"0.3 USD\"");
    assert!(matches!(Bill::read(&wrong), Err(BillError::Amount { line: 3, .. })));
}

#[test]
fn a_wrong_line_refuses_the_bill_and_an_unknown_column_does_not() {
    for text in ["", "NaN", "1e-3", "0,30", "-0.30", "9223372037", "free"] {
        let read = Bill::read(&cur(&format!("\"{text}\""), "USD", "Usage"));
        assert!(matches!(read, Err(BillError::Amount { line: 2, .. })), "{text}: {read:?}");
    }
    assert!(matches!(Bill::read(&cur("0.3", "EUR", "Usage")), Err(BillError::Currency { .. })));
    assert!(matches!(Bill::read("a,b\n1,2\n"), Err(BillError::Column { what: "the cost", .. })));
    assert!(matches!(Bill::read(""), Err(BillError::Column { .. })));
    let credit = Bill::read(&cur("-0.30", "USD", "Credit")).unwrap();
    assert_eq!(credit.lines[0].kind, Kind::Credit);
    let fine = Bill::read(&cur("0.30000000049", "USD", "Usage")).unwrap();
    assert_eq!((fine.rounded, fine.lines[0].cost.nanos()), (1, 300_000_000));
    assert_eq!(Bill::read(&cur("0.3000000005", "USD", "Usage")).unwrap().lines[0].cost.nanos(), 300_000_001);
}

#[test]
fn no_line_counts_twice_and_no_impossible_day_is_taken() {
    let head = "identity/LineItemId,identity/TimeInterval,lineItem/LineItemType,lineItem/ProductCode,\
                lineItem/UsageType,lineItem/ResourceId,lineItem/UnblendedCost\n";
    let row = |id: &str, span: &str, usage: &str, cost: &str| {
        format!("{id},{span},Usage,AmazonBraket,{usage},{TASK},{cost}\n")
    };
    let read = |rows: &[String]| Bill::read(&format!("{head}{}", rows.concat()));
    let day = "2026-11-24T00:00:00Z/2026-11-25T00:00:00Z";
    let (fee, shots) = (row("a", day, "Task", "0.3"), row("b", day, "Task-Shot", "1.45"));
    let fine = read(&[fee.clone(), shots.clone()]).unwrap();
    assert_eq!((&fine.lines[0].day[..], &fine.lines[0].last[..]), ("2026-11-24", "2026-11-24"));
    let hour = "2026-11-24T07:00:00Z/2026-11-24T08:00:00Z";
    for (again, how) in [
        (shots.clone(), "repeats"),
        (row("c", day, "Task-Shot", "1.45"), "bills the same use as"),
        (row("b", day, "Task-Shot", "1.46"), "bills the same use as"),
        (row("c", hour, "Task-Shot", "0.7"), "overlaps in time with"),
    ] {
        let found = read(&[fee.clone(), shots.clone(), again]);
        assert_eq!(found, Err(BillError::Twice { line: 4, first: 3, how }));
    }
    let next = "2026-11-25T00:00:00Z/2026-11-26T00:00:00Z";
    assert!(read(&[fee.clone(), shots, row("c", next, "Task-Shot", "1.45")]).is_ok());
    for wrong in [
        "2026-02-29T00:00:00Z/2026-03-01T00:00:00Z",
        "2026-02-28T00:00:00Z/2026-02-30T99:00:00Z",
        "2026-11-25T00:00:00Z/2026-11-24T00:00:00Z",
        "2026-11-24T24:00:00Z/2026-11-25T00:00:00Z",
        "24.11.2026",
    ] {
        let found = read(&[row("a", wrong, "Task", "0.3")]);
        assert!(matches!(found, Err(BillError::Day { line: 2, .. })), "{wrong}: {found:?}");
    }
    assert!(read(&[row("a", "2028-02-29T00:00:00Z/2028-03-01T00:00:00Z", "Task", "0.3")]).is_ok());
}
