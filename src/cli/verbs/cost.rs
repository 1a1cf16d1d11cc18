//! `cost`: what was spent, is held, or is unsure.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::cli::output::Out;
use crate::cli::views::fee;
use crate::cli::{Context, Failure};
use crate::job::{Job, State};
use crate::money::Money;
use crate::store::{Filter, Store};

/// Arguments of `cost`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Born at or after, such as 2026-11
    #[arg(long)]
    since: Option<String>,
    /// Born before
    #[arg(long)]
    until: Option<String>,
    /// Groups: device, project, day, month, collection, tag=KEY
    #[arg(long, value_delimiter = ',', default_value = "device")]
    by: Vec<String>,
    /// Form: table, json, csv, focus (one row a job, FinOps FOCUS 1.0)
    #[arg(long, default_value = "table")]
    format: String,
}

#[derive(Clone, Copy, Default)]
struct Sum {
    tasks: u64,
    shots: u64,
    settled: Money,
    held: Money,
    unsure: Money,
}

fn group(job: &Job, by: &str) -> Result<String, Failure> {
    Ok(match by {
        "device" => job.terms.device.clone(),
        "project" => job.terms.project.clone().unwrap_or_else(|| "-".to_owned()),
        "day" => job.terms.created_at.to_string().chars().take(10).collect(),
        "month" => job.terms.created_at.to_string().chars().take(7).collect(),
        "collection" => {
            job.terms.collection.as_ref().map_or_else(|| "-".to_owned(), |c| c.as_str().to_owned())
        }
        tag if tag.starts_with("tag=") => {
            job.terms.tags.get(&tag[4..]).cloned().unwrap_or_else(|| "-".to_owned())
        }
        other => {
            let help = "device, project, day, month, collection or tag=KEY";
            return Err(Failure::new("SB2001", format!("cannot group by {other:?}")).with_help(help));
        }
    })
}

pub fn run(args: Args, context: &Context, out: &mut Out) -> Result<u8, Failure> {
    let filter = Filter {
        since: args.since.as_deref().map(super::jobs::instant).transpose()?,
        until: args.until.as_deref().map(super::jobs::instant).transpose()?,
        ..Filter::default()
    };
    let store = context.store()?;
    if args.format == "focus" && !out.is_json() {
        let (head, rows) = focus(&store.jobs(&filter)?);
        out.csv(&head, &rows);
        return Ok(0);
    }
    let range = |e: crate::money::OutOfRange| Failure::new("SB1001", e.to_string());
    let (mut sums, mut total) = (BTreeMap::<Vec<String>, Sum>::new(), Sum::default());
    for job in store.jobs(&filter)? {
        let key = args.by.iter().map(|by| group(&job, by)).collect::<Result<Vec<_>, _>>()?;
        let tasks = job.past.iter().filter(|p| p.task.is_some()).count()
            + usize::from(!job.is_done() && job.task().is_some());
        let unsure = if State::of(&job) == State::Unsure { job.held } else { Money::ZERO };
        for sum in [sums.entry(key).or_default(), &mut total] {
            sum.tasks += tasks as u64;
            sum.shots = sum.shots.saturating_add(job.terms.shots);
            sum.settled = sum.settled.plus(job.settled).map_err(range)?;
            sum.held = sum.held.plus(job.held).map_err(range)?;
            sum.unsure = sum.unsure.plus(unsure).map_err(range)?;
        }
    }
    show(&args, &sums, total, out)?;
    Ok(0)
}

/// One row for each settled job, in the columns that FOCUS 1.0 asks of every bill.
///
/// Source: FinOps Foundation, FOCUS 1.0 (June 2024), the columns that may not be missing.
fn focus(jobs: &[Job]) -> ([&'static str; 21], Vec<Vec<String>>) {
    let head = [
        "BilledCost",
        "BillingAccountId",
        "BillingCurrency",
        "BillingPeriodStart",
        "BillingPeriodEnd",
        "ChargeCategory",
        "ChargeDescription",
        "ChargePeriodStart",
        "ChargePeriodEnd",
        "ContractedCost",
        "EffectiveCost",
        "ListCost",
        "ProviderName",
        "PublisherName",
        "InvoiceIssuerName",
        "RegionId",
        "ResourceId",
        "ResourceName",
        "ServiceCategory",
        "ServiceName",
        "Tags",
    ];
    let row = |job: &Job| {
        let (terms, cost) = (&job.terms, job.settled.to_string());
        let arn = job.task().map(|t| t.as_str().to_owned()).unwrap_or_default();
        let part = |n: usize| arn.split(':').nth(n).unwrap_or_default().to_owned();
        let born = terms.created_at.to_string();
        let (first, next) = month_around(&born);
        let day = terms.created_at.civil_date();
        let tomorrow = day.and_then(|d| d.tomorrow().ok()).map(|d| d.to_string()).unwrap_or_default();
        vec![
            cost.clone(),
            part(4),
            "USD".into(),
            first,
            next,
            "Usage".into(),
            format!("{} shots on {}", terms.shots, terms.device),
            format!("{}T00:00:00Z", &born[..10]),
            format!("{tomorrow}T00:00:00Z"),
            cost.clone(),
            cost.clone(),
            cost,
            "AWS".into(),
            "AWS".into(),
            "AWS".into(),
            part(3),
            arn.clone(),
            terms.name.clone(),
            "Compute".into(),
            "Amazon Braket".into(),
            json!(terms.tags).to_string(),
        ]
    };
    let paid = jobs.iter().filter(|j| !j.settled.is_zero());
    (head, paid.map(row).collect())
}

/// First instants of the month of a time and of the one after it, in UTC as bills are.
fn month_around(at: &str) -> (String, String) {
    let (year, month): (i32, u32) = (at[..4].parse().unwrap_or(0), at[5..7].parse().unwrap_or(1));
    let (next_year, next) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    (format!("{year:04}-{month:02}-01T00:00:00Z"), format!("{next_year:04}-{next:02}-01T00:00:00Z"))
}

fn show(args: &Args, sums: &BTreeMap<Vec<String>, Sum>, total: Sum, out: &mut Out) -> Result<(), Failure> {
    let format = if out.is_json() { "json" } else { args.format.as_str() };
    let cells = |key: &[String], s: &Sum, money: fn(Money) -> String| {
        let mut row = key.to_vec();
        row.extend([
            s.tasks.to_string(),
            s.shots.to_string(),
            money(s.settled),
            money(s.held),
            money(s.unsure),
        ]);
        row
    };
    let mut head: Vec<String> = args.by.clone();
    head.extend(["tasks", "shots", "settled", "held", "unsure"].map(str::to_owned));
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
                    Value::Object(row)
                })
                .collect();
            out.json(&json!({"schema": "shotbook.cost/1", "rows": rows, "total": {"settled": total.settled.to_string(),
                "held": total.held.to_string(), "unsure": total.unsure.to_string()}}));
        }
        "csv" => {
            let names: Vec<&str> = head.iter().map(String::as_str).collect();
            let rows: Vec<Vec<String>> = sums.iter().map(|(k, s)| cells(k, s, |m| m.to_string())).collect();
            out.csv(&names, &rows);
        }
        "table" => {
            let upper: Vec<String> = head.iter().map(|h| h.to_uppercase()).collect();
            let names: Vec<&str> = upper.iter().map(String::as_str).collect();
            let n = args.by.len();
            let mut rows: Vec<Vec<String>> =
                sums.iter().map(|(k, s)| cells(k, s, |m| format!("${}", fee(m)))).collect();
            let mut last = vec![String::new(); n];
            last[0] = "total".to_owned();
            rows.push(cells(&last, &total, |m| format!("${}", fee(m))));
            out.table(&names, &[n, n + 1, n + 2, n + 3, n + 4], rows);
        }
        other => {
            let help = "table, json, csv or focus";
            return Err(Failure::new("SB2001", format!("there is no form {other:?}")).with_help(help));
        }
    }
    Ok(())
}
