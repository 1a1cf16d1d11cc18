//! Lines of an AWS bill about Amazon Braket, from any of the forms it is handed out in.
//!
//! Source of the columns: AWS Cost and Usage Report 1 and 2, the CSV of the billing console, and FOCUS 1.0.

use std::collections::HashMap;

use jiff::civil::{Date, DateTime, Time};

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
    /// Last day of use, `YYYY-MM-DD`; empty where the bill does not say.
    pub last: String,
    /// Account that used it; empty where the bill does not say.
    pub account: String,
    /// The bill's own words for what was used.
    pub usage: String,
}

impl Line {
    /// The last day that it says: of its end, or else of its start.
    pub fn end(&self) -> &str {
        if self.last.is_empty() { &self.day } else { &self.last }
    }
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
    /// A day or an hour that no calendar has, or an end before its start.
    #[error("line {line}: {text:?} is no date of use such as 2026-11-24T00:00:00Z{why}")]
    Day {
        /// Number of the line.
        line: u64,
        /// What stands there.
        text: String,
        /// More about it; empty where it is no date at all.
        why: &'static str,
    },
    /// What another line has said already.
    #[error("line {line} {how} line {first}: a doubled bill, or two of overlapping periods in one file")]
    Twice {
        /// Number of the line.
        line: u64,
        /// Number of the line that said it first.
        first: u64,
        /// In which way.
        how: &'static str,
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
const DAY: [&str; 9] = [
    "lineItem/UsageStartDate",
    "line_item_usage_start_date",
    "UsageStartDate",
    "ChargePeriodStart",
    "identity/TimeInterval",
    "identity_time_interval",
    "bill/BillingPeriodStartDate",
    "bill_billing_period_start_date",
    "BillingPeriodStartDate",
];
const END: [&str; 9] = [
    "lineItem/UsageEndDate",
    "line_item_usage_end_date",
    "UsageEndDate",
    "ChargePeriodEnd",
    "identity/TimeInterval",
    "identity_time_interval",
    "bill/BillingPeriodEndDate",
    "bill_billing_period_end_date",
    "BillingPeriodEndDate",
];
const ID: [&str; 2] = ["identity/LineItemId", "identity_line_item_id"];
const OPERATION: [&str; 3] = ["lineItem/Operation", "line_item_operation", "Operation"];
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

/// Where a bill keeps what.
struct Columns {
    cost: usize,
    product: usize,
    currency: Option<usize>,
    resource: Option<usize>,
    kind: Option<usize>,
    day: Option<usize>,
    end: Option<usize>,
    account: Option<usize>,
    usage: Option<usize>,
    class: Option<usize>,
    id: Option<usize>,
    operation: Option<usize>,
    beside: [(Option<usize>, Kind); 2],
}

impl Columns {
    fn of(head: &csv::StringRecord) -> Result<Self, BillError> {
        let at = |names: &[&str]| {
            names.iter().find_map(|name| head.iter().position(|h| h.trim().eq_ignore_ascii_case(name)))
        };
        let needed = |what, names: &[&str]| {
            at(names).ok_or_else(|| BillError::Column { what, known: names.join(", ") })
        };
        let cost = needed("the cost", &COST)?;
        let console = head.get(cost).is_some_and(|name| name.trim().eq_ignore_ascii_case("CostBeforeTax"));
        Ok(Self {
            cost,
            product: needed("the service", &PRODUCT)?,
            currency: at(&CURRENCY),
            resource: at(&RESOURCE),
            kind: at(&TYPE),
            day: at(&DAY),
            end: at(&END),
            account: at(&ACCOUNT),
            usage: at(&USAGE),
            class: at(&CLASS),
            id: at(&ID),
            operation: at(&OPERATION),
            beside: BESIDE.map(|(name, kind)| (at(&[name]).filter(|_| console), kind)),
        })
    }

    /// First and last instant of use, where the bill says them.
    fn span(&self, row: &Row<'_>) -> Result<(Option<DateTime>, Option<DateTime>), BillError> {
        let read = |column: Option<usize>, first: bool| {
            let text = row.maybe(column);
            // An interval has both in one column.
            let part = match text.split_once('/') {
                Some((start, end)) if start.contains('T') => {
                    if first {
                        start
                    } else {
                        end
                    }
                }
                _ => text,
            };
            let wrong = || BillError::Day { line: row.number, text: text.to_owned(), why: "" };
            if part.is_empty() { Ok(None) } else { instant(part).map(Some).ok_or_else(wrong) }
        };
        let (start, end) = (read(self.day, true)?, read(self.end, false)?);
        if let (Some(start), Some(end)) = (start, end)
            && end < start
        {
            let text = row.maybe(self.end).to_owned();
            return Err(BillError::Day { line: row.number, text, why: ": it ends before it begins" });
        }
        Ok((start, end))
    }
}

/// A record with its number.
struct Row<'a> {
    number: u64,
    record: &'a csv::StringRecord,
}

impl<'a> Row<'a> {
    fn cell(&self, column: usize) -> &'a str {
        self.record.get(column).unwrap_or_default().trim()
    }

    fn maybe(&self, column: Option<usize>) -> &'a str {
        column.map(|c| self.cell(c)).unwrap_or_default()
    }
}

/// Lines that were read, so that none is counted twice.
#[derive(Default)]
struct Seen {
    rows: HashMap<String, u64>,
    uses: HashMap<String, Vec<Use>>,
}

/// One use of a task.
struct Use {
    number: u64,
    id: String,
    span: (Option<DateTime>, Option<DateTime>),
    cost: Money,
}

impl Seen {
    /// Refuses a line that says again what another one has said.
    fn add(
        &mut self,
        at: &Columns,
        row: &Row<'_>,
        span: (Option<DateTime>, Option<DateTime>),
        cost: Money,
    ) -> Result<(), BillError> {
        let (id, task, usage) = (row.maybe(at.id), row.maybe(at.resource), row.maybe(at.usage));
        let whole = row.record.iter().collect::<Vec<_>>().join("\u{1f}");
        let first = *self.rows.entry(whole).or_insert(row.number);
        // Without an identity two equal lines may be two uses, unless they say of what and when.
        let is_named = !task.is_empty() || (!usage.is_empty() && span.0.is_some());
        if first != row.number && (is_named || !id.is_empty()) {
            return Err(BillError::Twice { line: row.number, first, how: "repeats" });
        }
        if task.is_empty() || usage.is_empty() || span.0.is_none() || !row.maybe(at.class).is_empty() {
            return Ok(());
        }
        let key = [task, usage, row.maybe(at.kind), row.maybe(at.operation)].join("\u{1f}");
        let uses = self.uses.entry(key).or_default();
        for earlier in uses.iter() {
            let how = if earlier.span == span {
                let same = earlier.cost == cost || (!id.is_empty() && earlier.id == id);
                same.then_some("bills the same use as")
            } else if let ((Some(a), Some(b)), (Some(c), Some(d))) = (earlier.span, span) {
                (a < d && c < b).then_some("overlaps in time with")
            } else {
                None
            };
            if let Some(how) = how {
                return Err(BillError::Twice { line: row.number, first: earlier.number, how });
            }
        }
        uses.push(Use { number: row.number, id: id.to_owned(), span, cost });
        Ok(())
    }
}

impl Bill {
    /// Reads a bill; one wrong or doubled line about Amazon Braket refuses it.
    pub fn read(text: &str) -> Result<Self, BillError> {
        let shape = |e: csv::Error| BillError::Shape(e.to_string());
        let (above, table) = table_of(text.trim_start_matches('\u{feff}'));
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(table.as_bytes());
        let columns = Columns::of(reader.headers().map_err(shape)?)?;
        let mut out = Self { no_currency: columns.currency.is_none(), ..Self::default() };
        let mut seen = Seen::default();
        for record in reader.records() {
            let record = record.map_err(shape)?;
            let number = record.position().map_or(0, csv::Position::line) + above;
            out.take(&columns, &Row { number, record: &record }, &mut seen)?;
        }
        Ok(out)
    }

    /// Takes a record over.
    fn take(&mut self, at: &Columns, row: &Row<'_>, seen: &mut Seen) -> Result<(), BillError> {
        let number = row.number;
        if !row.cell(at.product).to_lowercase().contains("braket") {
            self.others += 1;
            return Ok(());
        }
        let found = row.maybe(at.currency);
        if !found.is_empty() && !found.eq_ignore_ascii_case("USD") {
            return Err(BillError::Currency { line: number, found: found.to_owned() });
        }
        // Sums that the console's table adds below its lines are no use of their own.
        let Some(mut said) = kind_of(row.maybe(at.kind)) else { return Ok(()) };
        let mut dollars = |text: &str| -> Result<Money, BillError> {
            let wrong = || BillError::Amount { line: number, text: text.to_owned() };
            let (cost, rounded) = amount(text).ok_or_else(wrong)?;
            self.rounded += u64::from(rounded);
            Ok(cost)
        };
        let money = dollars(row.cell(at.cost))?;
        if said == Kind::Usage && money.is_negative() {
            if at.kind.is_none() {
                // Where no column says what a line is, its sign does.
                said = Kind::Credit;
            } else if !row.maybe(at.class).eq_ignore_ascii_case("correction") {
                return Err(BillError::Amount { line: number, text: row.cell(at.cost).to_owned() });
            }
        }
        let mut amounts = vec![(money, said)];
        for (column, kind) in at.beside {
            let text = row.maybe(column);
            if !text.is_empty() {
                amounts.push((dollars(text)?, kind));
            }
        }
        let span = at.span(row)?;
        seen.add(at, row, span, money)?;
        let task = row.maybe(at.resource);
        let day = |date: Option<Date>| date.map_or_else(String::new, |d| d.to_string());
        let line = |(cost, kind)| Line {
            number,
            kind,
            cost,
            task: [":quantum-task/", ":job/"].iter().any(|w| task.contains(w)).then(|| task.to_owned()),
            day: day(span.0.map(DateTime::date)),
            last: day(last_day(span)),
            account: row.maybe(at.account).to_owned(),
            usage: row.maybe(at.usage).to_owned(),
        };
        self.lines.extend(amounts.into_iter().filter(|(m, k)| *k == said || !m.is_zero()).map(line));
        Ok(())
    }
}

/// The last day of a span whose end may be the first instant after it.
fn last_day((start, end): (Option<DateTime>, Option<DateTime>)) -> Option<Date> {
    let end = end?;
    let is_after = end.time() == Time::midnight() && start.is_none_or(|s| s < end);
    if is_after { end.date().yesterday().ok() } else { Some(end.date()) }
}

/// An instant as bills write it, in UTC: a day, and perhaps an hour behind a `T` or a blank.
fn instant(text: &str) -> Option<DateTime> {
    let (day, rest) = text.split_at_checked(10)?;
    let day: Date = day.replace('/', "-").parse().ok()?;
    let hour = rest.trim_start_matches(['T', ' ']);
    let zone = hour.trim_start_matches(|c: char| c.is_ascii_digit() || ":.".contains(c));
    if !["", "Z", "UTC", "+00:00", "+0000"].contains(&zone.trim()) {
        return None;
    }
    let hour = &hour[..hour.len() - zone.len()];
    Some(day.to_datetime(if hour.is_empty() { Time::midnight() } else { hour.parse().ok()? }))
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
mod tests;
