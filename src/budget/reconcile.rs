//! The ledger beside a bill: every task of either side, and why they differ.

use std::collections::BTreeMap;

use super::bill::{Bill, Kind, Line};
use crate::ids::JobId;
use crate::job::{Job, Outcome, Stage};
use crate::money::{Money, OutOfRange};
use crate::price::{OwnPrices, PriceList, Rate, Tariff};

/// One task on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The task's ARN.
    pub task: String,
    /// Its job, where the ledger knows it.
    pub job: Option<JobId>,
    /// What the bill says; none when it does not name the task.
    pub billed: Option<Money>,
    /// What is settled here; none when the ledger does not know the task.
    pub settled: Option<Money>,
    /// Why they differ; none when they do not.
    pub why: Option<Why>,
}

/// Why a task differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// The ledger does not know it.
    Unknown,
    /// It is open here, with so much held.
    Open(Money),
    /// It is settled here and not on the bill.
    NotBilled,
    /// Billed though it failed, was cancelled or is absent here.
    BilledWithoutSuccess,
    /// Billed are the shots that were asked for, not those that succeeded.
    RequestedShots {
        /// Asked for.
        asked: u64,
        /// Succeeded, as AWS said.
        succeeded: u64,
    },
    /// Billed is what AWS's own metering makes; a correction here says otherwise.
    Metered,
    /// Only the task's fee is billed, or only its shots: the rest stands on another bill.
    Part,
    /// The bill's use ended before the task was made here. The last day of use.
    Before(String),
    /// Billed is what so many shots cost.
    Shots(u64),
    /// The user's table has this discount for the account. Units: hundredths of a percent.
    Discount(u64),
    /// The rates of the list of this date make the billed amount.
    OtherList(String),
    /// Billed is another time of simulation. Units: milliseconds.
    Duration(u64),
    /// Nothing known explains it.
    Unexplained,
}

/// Both sides with their sums.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Rows that differ first, then the others, each in the order of their tasks.
    pub rows: Vec<Row>,
    /// Tasks on both sides that agree.
    pub matched: u64,
    /// Use on the bill that names no task: day or words of use, and its cost.
    pub unnamed: BTreeMap<(String, String), Money>,
    /// Sum of use on the bill.
    pub billed: Money,
    /// Sum of what is settled here for the tasks and days of the bill.
    pub settled: Money,
    /// Credits, refunds and discounts on the bill.
    pub credits: Money,
    /// Tax on the bill.
    pub tax: Money,
}

/// What the ledger is compared by.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// Price lists that were kept.
    pub lists: &'a [PriceList],
    /// The user's own table.
    pub own: &'a OwnPrices,
}

/// Compares; changes nothing.
///
/// # Errors
/// Sums out of range.
pub fn compare(bill: &Bill, jobs: &[Job], known: Known<'_>) -> Result<Report, OutOfRange> {
    let mut out = Report::default();
    let mut billed: BTreeMap<&str, (Money, &Line)> = BTreeMap::new();
    let (mut days, mut accounts) = (Vec::new(), Vec::new());
    for line in &bill.lines {
        match line.kind {
            Kind::Credit => out.credits = out.credits.plus(line.cost)?,
            Kind::Tax => out.tax = out.tax.plus(line.cost)?,
            Kind::Usage => {
                out.billed = out.billed.plus(line.cost)?;
                // A line without a day says nothing of the span.
                days.extend((!line.day.is_empty()).then(|| (line.day.clone(), line.last.clone())));
                accounts.push(line.account.as_str());
                if let Some(task) = &line.task {
                    let sum = billed.entry(task).or_insert((Money::ZERO, line));
                    sum.0 = sum.0.plus(line.cost)?;
                } else {
                    let sum = out.unnamed.entry((line.day.clone(), line.usage.clone())).or_default();
                    *sum = sum.plus(line.cost)?;
                }
            }
        }
    }
    let mut ours: BTreeMap<&str, &Job> = BTreeMap::new();
    for job in jobs {
        let past = job.past.iter().filter_map(|p| p.task.as_ref());
        for task in past.chain(job.task()) {
            ours.insert(task.as_str(), job);
        }
    }
    let span = days.iter().map(|(first, _)| first.clone()).min().zip(span_end(&days));
    let in_span = |job: &Job| {
        let day = job.terms.created_at.to_string();
        span.as_ref().is_some_and(|(first, last)| (&first[..]..=&last[..]).contains(&&day[..10]))
    };
    let mut rows = Vec::new();
    for (task, (amount, line)) in &billed {
        let job = ours.get(task).copied();
        // A failed attempt shares its job with the one that was paid.
        let own = job.filter(|j| j.task().is_some_and(|t| t.as_str() == *task));
        let settled = job.map(|_| own.map_or(Money::ZERO, |j| j.settled));
        out.settled = out.settled.plus(settled.unwrap_or(Money::ZERO))?;
        let why = match (job, settled) {
            (None, _) => Some(Why::Unknown),
            (Some(job), _) if is_before(line, job) => Some(Why::Before(line.end().to_owned())),
            (_, Some(settled)) if settled == *amount => None,
            (Some(job), _) => Some(explain(job, own.is_some(), *amount, &line.account, known)),
        };
        rows.push(Row {
            task: (*task).to_owned(),
            job: job.map(|j| j.terms.id.clone()),
            billed: Some(*amount),
            settled,
            why,
        });
    }
    for (task, job) in &ours {
        let account = task.split(':').nth(4).unwrap_or_default();
        let other = accounts.iter().all(|a| !a.is_empty() && *a != account);
        let last = job.task().is_some_and(|t| t.as_str() == *task);
        if billed.contains_key(task) || !last || job.settled.is_zero() || other || !in_span(job) {
            continue;
        }
        out.settled = out.settled.plus(job.settled)?;
        // A bill that names no task is compared by its sums.
        if !billed.is_empty() {
            let (id, settled) = (Some(job.terms.id.clone()), Some(job.settled));
            let why = Some(Why::NotBilled);
            rows.push(Row { task: (*task).to_owned(), job: id, billed: None, settled, why });
        }
    }
    out.matched = rows.iter().filter(|r| r.why.is_none()).count() as u64;
    rows.sort_by(|a, b| (a.why.is_none(), &a.task).cmp(&(b.why.is_none(), &b.task)));
    out.rows = rows;
    Ok(out)
}

/// Last day of a bill. One that gives the first of a month alone means the month.
fn span_end(days: &[(String, String)]) -> Option<String> {
    let last = days.iter().map(|(first, last)| if last.is_empty() { first } else { last }).max()?;
    if days.iter().any(|(first, last)| !last.is_empty() || !first.ends_with("-01")) {
        return Some(last.clone());
    }
    last.parse::<jiff::civil::Date>().ok().map(|day| day.last_of_month().to_string())
}

/// Whether a line is of days before its task was made; a day is left for other clocks, and one that
/// gives its first day alone may mean the month.
fn is_before(line: &Line, job: &Job) -> bool {
    let made = job.terms.created_at.before(std::time::Duration::from_secs(86_400)).to_string();
    let is_month = line.last.is_empty() && line.day.ends_with("-01") && made.get(..7) == line.day.get(..7);
    !line.day.is_empty() && !is_month && line.end() < &made[..10]
}

fn explain(job: &Job, own: bool, billed: Money, account: &str, known: Known<'_>) -> Why {
    if !own {
        return Why::BilledWithoutSuccess;
    }
    if !job.is_done() {
        return Why::Open(job.held);
    }
    let Stage::Done(Outcome::Completed { successful_shots, .. }) = &job.stage else {
        return Why::BilledWithoutSuccess;
    };
    let terms = &job.terms;
    if let Some(parts) = known.own.discount(account)
        && less(job.settled, parts) == Some(billed)
    {
        return Why::Discount(parts);
    }
    match &terms.tariff {
        Tariff::PerShot { task_fee, shot_fee } => {
            // What AWS metered comes first: it explains a bill better than any guess.
            if terms.tariff.worst_case(successful_shots.unwrap_or(terms.shots)) == Ok(billed) {
                return Why::Metered;
            }
            if let Some(succeeded) = successful_shots
                && terms.tariff.worst_case(terms.shots) == Ok(billed)
            {
                return Why::RequestedShots { asked: terms.shots, succeeded: *succeeded };
            }
            for list in known.lists {
                let shots = successful_shots.unwrap_or(terms.shots);
                if let Some(Rate::PerShot { task_fee, shot_fee }) = list.rate(&terms.device)
                    && (Tariff::PerShot { task_fee, shot_fee }).worst_case(shots) == Ok(billed)
                {
                    return Why::OtherList(list.date.clone());
                }
            }
            let shots_alone = shot_fee.times(successful_shots.unwrap_or(terms.shots));
            if billed == *task_fee || shots_alone == Ok(billed) {
                return Why::Part;
            }
            let rest = billed.minus(*task_fee).unwrap_or(Money::ZERO);
            let shots = rest.fits(*shot_fee);
            if !rest.is_negative() && shots <= terms.shots && shot_fee.times(shots) == Ok(rest) {
                return Why::Shots(shots);
            }
            Why::Unexplained
        }
        Tariff::PerMinute { rate, .. } => {
            let wide = i128::from(billed.nanos()) * 60_000 / i128::from(rate.nanos().max(1));
            match u64::try_from(wide) {
                Ok(ms) if terms.tariff.for_duration(ms) == Ok(billed) => Why::Duration(ms),
                _ => Why::Unexplained,
            }
        }
        Tariff::Free => Why::Unexplained,
    }
}

/// An amount less a discount, to the nearest nano-dollar.
fn less(amount: Money, parts: u64) -> Option<Money> {
    let rest = i128::from(amount.nanos()) * i128::from(10_000u64.checked_sub(parts)?);
    i64::try_from((rest + 5_000) / 10_000).ok().map(Money::from_nanos)
}

impl Why {
    /// In words, with what to do.
    pub fn words(&self) -> String {
        match self {
            Self::Unknown => "not in this ledger: shotbook import --all-regions".to_owned(),
            Self::Open(held) => format!("still open here, {held:#} held: shotbook resume"),
            Self::NotBilled => {
                "not on this bill: it may end before the task did, or a reservation or credit took it"
                    .to_owned()
            }
            Self::BilledWithoutSuccess => "billed, though it did not succeed: ask AWS".to_owned(),
            Self::RequestedShots { asked, succeeded } => {
                format!("billed for {asked} shots asked for; AWS said that {succeeded} succeeded: ask AWS")
            }
            Self::Metered => "billed as AWS metered it; a correction here says otherwise".to_owned(),
            Self::Part => {
                "only its fee or only its shots are on this bill: join it with the bill of the rest"
                    .to_owned()
            }
            Self::Before(day) => format!("billed for use until {day}, before the task was made"),
            Self::Shots(shots) => format!("billed for {shots} shots"),
            Self::Discount(parts) => {
                let percent = Money::from_nanos(i64::try_from(*parts).unwrap_or(0) * 10_000_000);
                format!("the discount of {percent} % in your prices.toml")
            }
            Self::OtherList(date) => format!("billed at the rates of the list of {date}"),
            Self::Duration(ms) => format!("billed for {ms} ms of simulation"),
            Self::Unexplained => "nothing known explains it".to_owned(),
        }
    }

    /// Its word for programs.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Unknown => "unknown_task",
            Self::Open(_) => "open",
            Self::NotBilled => "not_billed",
            Self::BilledWithoutSuccess => "billed_without_success",
            Self::RequestedShots { .. } => "requested_shots",
            Self::Metered => "as_metered",
            Self::Part => "part_of_task",
            Self::Before(_) => "before_task",
            Self::Shots(_) => "other_shots",
            Self::Discount(_) => "discount",
            Self::OtherList(_) => "other_list",
            Self::Duration(_) => "other_duration",
            Self::Unexplained => "unexplained",
        }
    }
}
