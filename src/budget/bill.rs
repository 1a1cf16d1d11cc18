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
    /// The quantum task, where the bill names resources.
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
const PRODUCT: [&str; 4] = ["lineItem/ProductCode", "line_item_product_code", "ProductCode", "ServiceName"];
const CURRENCY: [&str; 4] =
    ["lineItem/CurrencyCode", "line_item_currency_code", "CurrencyCode", "BillingCurrency"];
const RESOURCE: [&str; 3] = ["lineItem/ResourceId", "line_item_resource_id", "ResourceId"];
const TYPE: [&str; 4] = ["lineItem/LineItemType", "line_item_line_item_type", "RecordType", "ChargeCategory"];
const DAY: [&str; 4] =
    ["lineItem/UsageStartDate", "line_item_usage_start_date", "UsageStartDate", "ChargePeriodStart"];
const ACCOUNT: [&str; 5] = [
    "lineItem/UsageAccountId",
    "line_item_usage_account_id",
    "LinkedAccountId",
    "SubAccountId",
    "BillingAccountId",
];
const USAGE: [&str; 5] = [
    "lineItem/UsageType",
    "line_item_usage_type",
    "UsageType",
    "lineItem/LineItemDescription",
    "ChargeDescription",
];

impl Bill {
    /// Reads a bill; one wrong line about Amazon Braket refuses it.
    pub fn read(text: &str) -> Result<Self, BillError> {
        let shape = |e: csv::Error| BillError::Shape(e.to_string());
        let text = text.trim_start_matches('\u{feff}');
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
        let head = reader.headers().map_err(shape)?.clone();
        let at = |names: &[&str]| {
            names.iter().find_map(|name| head.iter().position(|h| h.trim().eq_ignore_ascii_case(name)))
        };
        let needed = |what, names: &[&str]| {
            at(names).ok_or_else(|| BillError::Column { what, known: names.join(", ") })
        };
        let (cost, product) = (needed("the cost", &COST)?, needed("the service", &PRODUCT)?);
        let (currency, resource, kind) = (at(&CURRENCY), at(&RESOURCE), at(&TYPE));
        let (day, account, usage) = (at(&DAY), at(&ACCOUNT), at(&USAGE));
        let mut out = Self::default();
        for record in reader.records() {
            let record = record.map_err(shape)?;
            let number = record.position().map_or(0, csv::Position::line);
            let cell = |column: usize| record.get(column).unwrap_or_default().trim();
            let maybe = |column: Option<usize>| column.map(cell).unwrap_or_default();
            if !cell(product).to_lowercase().contains("braket") {
                out.others += 1;
                continue;
            }
            let found = maybe(currency);
            if !found.is_empty() && found != "USD" {
                return Err(BillError::Currency { line: number, found: found.to_owned() });
            }
            let kind = kind_of(maybe(kind));
            // Sums that the console's table adds below its lines are no use of their own.
            let Some(kind) = kind else { continue };
            let text = cell(cost);
            let wrong = || BillError::Amount { line: number, text: text.to_owned() };
            let (cost, rounded) = amount(text).ok_or_else(wrong)?;
            if kind == Kind::Usage && cost.is_negative() {
                return Err(wrong());
            }
            out.rounded += u64::from(rounded);
            let task = maybe(resource);
            out.lines.push(Line {
                number,
                kind,
                cost,
                task: task.contains(":quantum-task/").then(|| task.to_owned()),
                day: maybe(day).chars().take(10).collect::<String>().replace('/', "-"),
                account: maybe(account).to_owned(),
                usage: maybe(usage).to_owned(),
            });
        }
        Ok(out)
    }
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
