//! Lines of an AWS bill about Amazon Braket, from any of the forms it is handed out in.
//!
//! Source of the columns: AWS Cost and Usage Report 1 and 2, the CSV of the billing console, and FOCUS 1.0.

use crate::money::Money;

/// One line of a bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Number in the file, from 1.
    pub number: u64,
    /// What it is.
    pub kind: Kind,
    /// Before tax; below zero for credits.
    pub cost: Money,
    /// The quantum task or hybrid job, where the bill names resources.
    pub task: Option<String>,
    /// First day of use, `YYYY-MM-DD`; empty where the bill does not say.
    pub day: String,
    /// Account that used it; empty where the bill does not say.
    pub account: String,
    /// The bill's own words for what was used.
    pub usage: String,
}

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Use, at its price.
    Usage,
    /// Credits, refunds and discounts.
    Credit,
    /// Tax, which no ledger of ours has.
    Tax,
}

/// A bill as far as it is about Amazon Braket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bill {
    /// Its lines.
    pub lines: Vec<Line>,
    /// Lines about other services.
    pub others: u64,
    /// Amounts that had more than nine decimals and were rounded to the nearest nano-dollar.
    pub rounded: u64,
    /// Whether no column says the currency, so that dollars were taken for granted.
    pub no_currency: bool,
}

/// Why a bill is refused whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BillError {
    /// No table.
    #[error("the bill is no CSV table: {0}")]
    Shape(String),
    /// A column that nothing can do without.
    #[error("the bill has no column for {what}; one of {known} is expected")]
    Column {
        /// What is missing.
        what: &'static str,
        /// Names that are known.
        known: String,
    },
    /// An amount that is none.
    #[error("line {line}: {text:?} is no amount of dollars")]
    Amount {
        /// Number of the line.
        line: u64,
        /// What stands there.
        text: String,
    },
    /// Another currency.
    #[error("line {line} is in {found:?}; only USD is kept")]
    Currency {
        /// Number of the line.
        line: u64,
        /// What stands there.
        found: String,
    },
}

const COST: [&str; 4] = ["lineItem/UnblendedCost", "line_item_unblended_cost", "CostBeforeTax", "BilledCost"];
const PRODUCT: [&str; 7] = [
    "lineItem/ProductCode",
    "line_item_product_code",
    "ProductCode",
    "ServiceName",
    "x_ServiceCode",
    "product/ProductName",
    "product_product_name",
];
const CURRENCY: [&str; 4] =
    ["lineItem/CurrencyCode", "line_item_currency_code", "CurrencyCode", "BillingCurrency"];
const RESOURCE: [&str; 3] = ["lineItem/ResourceId", "line_item_resource_id", "ResourceId"];
const TYPE: [&str; 4] = ["lineItem/LineItemType", "line_item_line_item_type", "RecordType", "ChargeCategory"];
const DAY: [&str; 6] = [
    "lineItem/UsageStartDate",
    "line_item_usage_start_date",
    "UsageStartDate",
    "ChargePeriodStart",
    "identity/TimeInterval",
    "identity_time_interval",
];
const ACCOUNT: [&str; 5] = [
    "lineItem/UsageAccountId",
    "line_item_usage_account_id",
    "LinkedAccountId",
    "SubAccountId",
    "BillingAccountId",
];
const USAGE: [&str; 7] = [
    "lineItem/UsageType",
    "line_item_usage_type",
    "UsageType",
    "x_UsageType",
    "lineItem/LineItemDescription",
    "line_item_line_item_description",
    "ChargeDescription",
];
/// FOCUS says here that a line takes back a part of an earlier one.
const CLASS: [&str; 1] = ["ChargeClass"];
/// What the console's table keeps beside the cost of a line, where other forms have lines of their own.
const BESIDE: [(&str, Kind); 2] = [("Credits", Kind::Credit), ("TaxAmount", Kind::Tax)];
/// Lines of prose that some forms put above their table.
const PREAMBLE: usize = 5;

impl Bill {
    /// Reads a bill; one wrong line about Amazon Braket refuses it.
    pub fn read(text: &str) -> Result<Self, BillError> {
        let shape = |e: csv::Error| BillError::Shape(e.to_string());
        let text = text.trim_start_matches('\u{feff}');
        let (above, table) = table_of(text);
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(table.as_bytes());
        let head = reader.headers().map_err(shape)?.clone();
        let at = |names: &[&str]| {
            names.iter().find_map(|name| head.iter().position(|h| h.trim().eq_ignore_ascii_case(name)))
        };
        let needed = |what, names: &[&str]| {
            at(names).ok_or_else(|| BillError::Column { what, known: names.join(", ") })
        };
        let (cost, product) = (needed("the cost", &COST)?, needed("the service", &PRODUCT)?);
        let (currency, resource, kind) = (at(&CURRENCY), at(&RESOURCE), at(&TYPE));
        let (day, account, usage, class) = (at(&DAY), at(&ACCOUNT), at(&USAGE), at(&CLASS));
        let console = head.get(cost).is_some_and(|name| name.trim().eq_ignore_ascii_case("CostBeforeTax"));
        let beside = BESIDE.map(|(name, kind)| (at(&[name]).filter(|_| console), kind));
        let mut out = Self { no_currency: currency.is_none(), ..Self::default() };
        for record in reader.records() {
            let record = record.map_err(shape)?;
            let number = record.position().map_or(0, csv::Position::line) + above;
            let cell = |column: usize| record.get(column).unwrap_or_default().trim();
            let maybe = |column: Option<usize>| column.map(cell).unwrap_or_default();
            if !cell(product).to_lowercase().contains("braket") {
                out.others += 1;
                continue;
            }
            let found = maybe(currency);
            if !found.is_empty() && !found.eq_ignore_ascii_case("USD") {
                return Err(BillError::Currency { line: number, found: found.to_owned() });
            }
            // Sums that the console's table adds below its lines are no use of their own.
            let Some(mut said) = kind_of(maybe(kind)) else { continue };
            let mut dollars = |text: &str| -> Result<Money, BillError> {
                let wrong = || BillError::Amount { line: number, text: text.to_owned() };
                let (cost, rounded) = amount(text).ok_or_else(wrong)?;
                out.rounded += u64::from(rounded);
                Ok(cost)
            };
            let money = dollars(cell(cost))?;
            if said == Kind::Usage && money.is_negative() {
                if kind.is_none() {
                    // Where no column says what a line is, its sign does.
                    said = Kind::Credit;
                } else if !maybe(class).eq_ignore_ascii_case("correction") {
                    return Err(BillError::Amount { line: number, text: cell(cost).to_owned() });
                }
            }
            let mut amounts = vec![(money, said)];
            for (column, kind) in beside {
                let text = maybe(column);
                if !text.is_empty() {
                    amounts.push((dollars(text)?, kind));
                }
            }
            let task = maybe(resource);
            let line = |(cost, kind)| Line {
                number,
                kind,
                cost,
                task: [":quantum-task/", ":job/"].iter().any(|w| task.contains(w)).then(|| task.to_owned()),
                day: maybe(day).chars().take(10).collect::<String>().replace('/', "-"),
                account: maybe(account).to_owned(),
                usage: maybe(usage).to_owned(),
            };
            out.lines.extend(amounts.into_iter().filter(|(m, k)| *k == said || !m.is_zero()).map(line));
        }
        Ok(out)
    }
}

/// The table of a bill, and how many lines of prose stand above it.
fn table_of(text: &str) -> (u64, &str) {
    let mut rest = text;
    for above in 0..PREAMBLE {
        let (line, below) = rest.split_once('\n').unwrap_or((rest, ""));
        let mut names = line.split(',').map(|name| name.trim().trim_matches('"'));
        if names.any(|name| COST.iter().any(|cost| cost.eq_ignore_ascii_case(name))) {
            return (above as u64, rest);
        }
        rest = below;
    }
    (0, text)
}

/// What a word of the bill means; `None` for totals.
fn kind_of(word: &str) -> Option<Kind> {
    let word = word.to_lowercase();
    if word.contains("total") {
        return None;
    }
    if word.contains("tax") {
        return Some(Kind::Tax);
    }
    // Use at a discount is use; a discount is a line of its own.
    if word == "discountedusage" {
        return Some(Kind::Usage);
    }
    let credit = ["credit", "refund", "discount", "adjustment"].iter().any(|w| word.contains(w));
    Some(if credit { Kind::Credit } else { Kind::Usage })
}

/// Dollars with any number of decimals, to the nearest nano-dollar, and whether digits were lost.
fn amount(text: &str) -> Option<(Money, bool)> {
    if let Ok(money) = text.parse() {
        return Some((money, false));
    }
    let (whole, part) = text.split_once('.')?;
    if part.len() <= 9 || !part.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let money: Money = format!("{whole}.{}", &part[..9]).parse().ok()?;
    let nano = Money::from_nanos(if text.starts_with('-') { -1 } else { 1 });
    Some((if part.as_bytes()[9] >= b'5' { money.plus(nano).ok()? } else { money }, true))
}

#[cfg(test)]
mod tests {
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
        assert!(
            bill.lines.iter().all(|l| l.day == "2026-11-24"),
            "from the interval, where no start is given"
        );
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
        assert_eq!(
            (bill.lines[0].usage.as_str(), bill.lines[0].account.as_str()),
            ("EUN1-Task", "123456789012")
        );
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
        assert_eq!(
            Bill::read(&cur("0.3000000005", "USD", "Usage")).unwrap().lines[0].cost.nanos(),
            300_000_001
        );
    }
}
