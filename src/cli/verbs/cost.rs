//! `cost`: what was spent, is held, or is unsure.

mod focus;
mod page;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::cli::output::Out;
use crate::cli::views::{fee, joules};
use crate::cli::{Context, Failure};
use crate::energy::{self, Band};
use crate::money::{Money, OutOfRange};
use crate::report::parquet::{self, Column};
use crate::store::{CostRow, Filter, Store};
use crate::time::{self, Timestamp};

/// Arguments of `cost`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Born at or after, such as 2026-11
    #[arg(long)]
    since: Option<String>,
    /// Born before
    #[arg(long)]
    until: Option<String>,
    /// Groups: device, project, user, day, month, collection, tag=KEY
    #[arg(long, value_delimiter = ',', default_value = "device")]
    by: Vec<String>,
    /// Form: table, json, csv, focus (one row a job, FinOps FOCUS 1.0), parquet,
    /// html (one page with charts); by the name of the file unless told
    #[arg(long, default_value = "table")]
    format: String,
    /// File to write instead of standard output
    #[arg(short, value_name = "FILE")]
    o: Option<std::path::PathBuf>,
}

/// Figures of a group.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sum {
    tasks: u64,
    shots: u64,
    settled: Money,
    held: Money,
    unsure: Money,
    /// The part of `settled` that other tools spent.
    imported: Money,
    /// Modelled energy of the shots that were paid for, where the technology is known.
    energy: Option<Band>,
}

/// What a month comes to.
#[derive(Clone, Debug)]
pub struct Forecast {
    month: String,
    settled: Money,
    held: Money,
    /// Settled at the pace of the month so far, until its end.
    at_pace: Money,
}

/// What jobs are grouped by.
enum Group {
    Device,
    Project,
    User,
    Day,
    Month,
    Collection,
    Tag(String),
}

impl Group {
    fn of(word: &str) -> Result<Self, Failure> {
        Ok(match word {
            "device" => Self::Device,
            "project" => Self::Project,
            "user" => Self::User,
            "day" => Self::Day,
            "month" => Self::Month,
            "collection" | "run" => Self::Collection,
            tag if tag.starts_with("tag=") => Self::Tag(tag[4..].to_owned()),
            other => {
                let help = "device, project, user, day, month, collection or tag=KEY";
                return Err(Failure::new("SB2001", format!("cannot group by {other:?}")).with_help(help));
            }
        })
    }

    fn name(&self, row: &CostRow) -> String {
        let or_none = |name: Option<&String>| name.cloned().unwrap_or_else(|| "-".to_owned());
        match self {
            Self::Device => row.device.clone(),
            Self::Project => or_none(row.project.as_ref()),
            // AWS does not say who made a task.
            Self::User if row.adopted => "unknown".to_owned(),
            Self::User => or_none(row.user.as_ref()),
            Self::Day => day(row.created_at),
            Self::Month => day(row.created_at).chars().take(7).collect(),
            Self::Collection => or_none(row.collection.as_ref()),
            Self::Tag(key) => or_none(row.tags.get(key)),
        }
    }
}

fn day(at: Timestamp) -> String {
    at.civil_date().map_or_else(|| "beyond the calendar".to_owned(), |d| d.to_string())
}

impl Sum {
    fn add(&mut self, row: &CostRow) -> Result<(), OutOfRange> {
        self.tasks += row.tasks;
        self.shots = self.shots.saturating_add(row.shots);
        self.settled = self.settled.plus(row.settled)?;
        self.held = self.held.plus(row.held)?;
        if row.unsure {
            self.unsure = self.unsure.plus(row.held)?;
        }
        if row.adopted {
            self.imported = self.imported.plus(row.settled)?;
        }
        // What was not paid for did not run. Errors of one device do not cancel, so limits add up.
        if !row.settled.is_zero()
            && let Some(shots) = energy::of_shots(&row.device, row.shots)
        {
            self.energy = Some(self.energy.map_or(shots, |sum| sum.and(shots)));
        }
        Ok(())
    }
}

impl Forecast {
    fn of(settled: Money, held: Money, now: Timestamp) -> Option<Self> {
        let date = now.civil_date()?;
        let days = u64::try_from(date.days_in_month()).ok()?;
        let passed = u64::try_from(date.day() - 1).ok()? * 86_400
            + u64::try_from(now.seconds().rem_euclid(86_400)).ok()?;
        // A day tells something of a month, an hour nothing.
        if passed < 86_400 {
            return None;
        }
        // A forecast has no more digits than cents.
        let cent = Money::from_nanos(10_000_000);
        let exact = settled.share_up(days * 86_400, passed).ok()?;
        let cents = exact.fits(cent) + u64::from(exact.nanos() % cent.nanos() != 0);
        let at_pace = cent.times(cents).ok()?;
        Some(Self { month: date.strftime("%Y-%m").to_string(), settled, held, at_pace })
    }

    fn words(&self) -> String {
        let Self { month, settled, held, at_pace } = self;
        format!("{month}: settled {settled:#}, held {held:#}; at the pace so far {at_pace:#} by its end")
    }
}

/// Everything that the views show.
struct Costs {
    sums: BTreeMap<Vec<String>, Sum>,
    total: Sum,
    days: BTreeMap<String, Money>,
    forecast: Option<Forecast>,
}

fn gather(args: &Args, filter: &Filter, store: &dyn Store) -> Result<Costs, Failure> {
    let groups = args.by.iter().map(|by| Group::of(by)).collect::<Result<Vec<_>, _>>()?;
    let with_tags = groups.iter().any(|g| matches!(g, Group::Collection | Group::Tag(_)));
    let by_day = args.format == "html";
    let now = time::now();
    let month = now.civil_date().map(|d| d.first_of_month());
    let (mut sums, mut total) = (BTreeMap::<Vec<String>, Sum>::new(), Sum::default());
    let (mut days, mut of_month, mut trouble) = (BTreeMap::<String, Money>::new(), Sum::default(), None);
    let mut key = Vec::with_capacity(groups.len());
    store.costs((filter.since, filter.until), with_tags, &mut |row| {
        key.clear();
        key.extend(groups.iter().map(|group| group.name(row)));
        let mut add = || -> Result<(), OutOfRange> {
            match sums.get_mut(&key) {
                Some(sum) => sum.add(row)?,
                None => sums.entry(key.clone()).or_default().add(row)?,
            }
            if by_day && !row.settled.is_zero() {
                let sum = days.entry(day(row.created_at)).or_default();
                *sum = sum.plus(row.settled)?;
            }
            if month.is_some_and(|first| row.created_at.civil_date().is_some_and(|d| d >= first)) {
                of_month.add(row)?;
            }
            total.add(row)
        };
        trouble = trouble.or(add().err());
    })?;
    if let Some(error) = trouble {
        return Err(Failure::new("SB1001", error.to_string()));
    }
    // Of a part of the month nothing can be said about the whole.
    let whole =
        filter.since.is_none_or(|at| at.civil_date() <= month) && filter.until.is_none_or(|at| at > now);
    let forecast = if whole { Forecast::of(of_month.settled, of_month.held, now) } else { None };
    Ok(Costs { sums, total, days, forecast })
}

pub fn run(mut args: Args, context: &Context, out: &mut Out) -> Result<u8, Failure> {
    if let Some(path) = &args.o {
        args.format = super::form_of(&args.format, path);
    }
    if !matches!(args.format.as_str(), "table" | "json" | "csv" | "focus" | "parquet" | "html") {
        let help = "table, json, csv, focus, parquet or html";
        return Err(Failure::new("SB2001", format!("there is no form {:?}", args.format)).with_help(help));
    }
    out.collect_for(args.o.as_deref());
    answer(&args, context, out)?;
    out.write_file()?;
    Ok(0)
}

fn answer(args: &Args, context: &Context, out: &mut Out) -> Result<(), Failure> {
    let filter = Filter {
        since: args.since.as_deref().map(super::jobs::instant).transpose()?,
        until: args.until.as_deref().map(super::jobs::instant).transpose()?,
        ..Filter::default()
    };
    if let (Some(since), Some(until)) = (filter.since, filter.until)
        && since >= until
    {
        let why = "--since must be before --until, which is not counted itself";
        return Err(Failure::new("SB2001", why).with_help("--since 2026-11 --until 2026-12"));
    }
    let store = context.store()?;
    if args.format == "focus" && !out.is_json() {
        let (head, rows) = focus::focus(&store.jobs(&filter)?);
        out.csv(&head, &rows);
        return Ok(());
    }
    let costs = gather(args, &filter, &store)?;
    if args.format == "html" && !out.is_json() {
        html(args, &costs, out);
        return Ok(());
    }
    show(args, &costs, out)
}

fn html(args: &Args, costs: &Costs, out: &mut Out) {
    let span = match (&args.since, &args.until) {
        (None, None) => "all time".to_owned(),
        (since, until) => {
            let word = |t: &Option<String>, none: &str| t.clone().unwrap_or_else(|| none.to_owned());
            format!("{} to {}", word(since, "the beginning"), word(until, "now"))
        }
    };
    out.text(&page::page(&span, &args.by, costs, &time::now().to_string()).html());
}

fn show(args: &Args, costs: &Costs, out: &mut Out) -> Result<(), Failure> {
    let Costs { sums, total, forecast, .. } = costs;
    let format = if out.is_json() { "json" } else { args.format.as_str() };
    let cells = |key: &[String], s: &Sum, money: fn(Money) -> String| {
        let mut row = key.to_vec();
        row.extend([
            s.tasks.to_string(),
            s.shots.to_string(),
            money(s.settled),
            money(s.held),
            money(s.unsure),
            money(s.imported),
        ]);
        row
    };
    let mut head: Vec<String> = args.by.clone();
    head.extend(["tasks", "shots", "settled", "held", "unsure", "imported"].map(str::to_owned));
    match format {
        "json" => {
            let rows: Vec<Value> = sums
                .iter()
                .map(|(key, s)| {
                    let mut row: Map<String, Value> =
                        args.by.iter().cloned().zip(key.iter().map(|k| json!(k))).collect();
                    row.insert("tasks".into(), json!(s.tasks));
                    row.insert("shots".into(), json!(s.shots));
                    row.insert("settled".into(), json!(s.settled.to_string()));
                    row.insert("held".into(), json!(s.held.to_string()));
                    row.insert("unsure".into(), json!(s.unsure.to_string()));
                    row.insert("imported".into(), json!(s.imported.to_string()));
                    row.insert("energy".into(), joules(s.energy));
                    Value::Object(row)
                })
                .collect();
            let month = forecast.as_ref().map(|f| {
                json!({"month": f.month, "settled": f.settled.to_string(), "held": f.held.to_string(),
                    "at_this_pace": f.at_pace.to_string()})
            });
            out.json(&json!({"schema": "shotbook.cost/1", "rows": rows, "total": {"settled": total.settled.to_string(),
                "held": total.held.to_string(), "unsure": total.unsure.to_string(),
                "imported": total.imported.to_string(), "energy": joules(total.energy)}, "forecast": month}));
        }
        "csv" => {
            let names: Vec<&str> = head.iter().map(String::as_str).collect();
            let rows: Vec<Vec<String>> = sums.iter().map(|(k, s)| cells(k, s, |m| m.to_string())).collect();
            out.csv(&names, &rows);
        }
        "parquet" => out.bytes(&parquet_file(&args.by, sums))?,
        // `table`; every other word was refused before anything was read.
        _ => {
            let upper: Vec<String> = head.iter().map(|h| h.to_uppercase()).collect();
            let names: Vec<&str> = upper.iter().map(String::as_str).collect();
            let n = args.by.len();
            let mut rows: Vec<Vec<String>> =
                sums.iter().map(|(k, s)| cells(k, s, |m| format!("${}", fee(m)))).collect();
            let mut last = vec![String::new(); n];
            last[0] = "total".to_owned();
            rows.push(cells(&last, total, |m| format!("${}", fee(m))));
            out.table(&names, &[n, n + 1, n + 2, n + 3, n + 4, n + 5], rows);
            if let Some(energy) = total.energy {
                out.say(&format!("modelled energy of the shots: {}", energy.joules()));
            }
            if let Some(forecast) = forecast {
                out.say(&forecast.words());
            }
        }
    }
    Ok(())
}

fn parquet_file(by: &[String], sums: &BTreeMap<Vec<String>, Sum>) -> Vec<u8> {
    let group = |at: usize| Column::Text(sums.keys().map(|key| Some(key[at].clone())).collect());
    let whole = |of: fn(&Sum) -> u64| Column::Whole(sums.values().map(|s| Some(of(s))).collect());
    let dollars = |of: fn(&Sum) -> Money| Column::Dollars(sums.values().map(|s| Some(of(s))).collect());
    let mut columns: Vec<(String, Column)> =
        by.iter().enumerate().map(|(at, name)| (name.clone(), group(at))).collect();
    let figures = [
        ("tasks", whole(|s| s.tasks)),
        ("shots", whole(|s| s.shots)),
        ("settled", dollars(|s| s.settled)),
        ("held", dollars(|s| s.held)),
        ("unsure", dollars(|s| s.unsure)),
        ("imported", dollars(|s| s.imported)),
    ];
    columns.extend(figures.map(|(name, column)| (name.to_owned(), column)));
    parquet::file(&columns, &[("schema", "shotbook.cost/1"), ("currency", "USD")])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_goes_on_at_its_pace_and_a_first_day_tells_nothing() {
        let usd = |text: &str| text.parse::<Money>().unwrap();
        let at = |when: &str| Forecast::of(usd("10"), usd("1"), when.parse().unwrap());
        assert!(at("2026-11-01T23:59:59Z").is_none());
        assert_eq!(at("2026-11-16T00:00:00Z").unwrap().at_pace, usd("20"), "half of thirty days");
        assert_eq!(at("2028-02-15T12:00:00Z").unwrap().at_pace, usd("20"), "half of twenty-nine");
        assert_eq!(at("2026-11-08T00:00:00Z").unwrap().at_pace, usd("42.86"), "rounded up to cents");
    }
}
