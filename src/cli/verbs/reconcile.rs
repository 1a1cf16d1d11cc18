//! `reconcile`: the ledger beside a bill, every difference explained.

use serde_json::{Value, json};

use super::cancel::tell;
use crate::budget::bill::Bill;
use crate::budget::reconcile::{self, Known, Report, Row, Why};
use crate::cli::circuit::read_text;
use crate::cli::output::Out;
use crate::cli::{Context, Failure};
use crate::job::Event;
use crate::store::{Filter, Store};

/// Arguments of `reconcile`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Cost and Usage Report (1 or 2), CSV of the billing console, or FOCUS rows
    bill: String,
    /// Add correcting entries for finished tasks that were billed otherwise; what was booked stays
    #[arg(long)]
    apply: bool,
    /// Show what agrees too
    #[arg(long)]
    all: bool,
}

pub fn run(args: Args, context: &Context, out: &mut Out) -> Result<u8, Failure> {
    let text = match (read_text(&args.bill), packed(&args.bill)) {
        (Ok(text), _) => text,
        (Err(_), Some((how, help))) => {
            let why = format!("{} is {how}; a bill is read as CSV", args.bill);
            return Err(Failure::new("SB2020", why).with_help(help));
        }
        (Err(failure), None) => return Err(failure),
    };
    let bill = Bill::read(&text).map_err(|e| Failure::new("SB2020", format!("{}: {e}", args.bill)))?;
    if bill.lines.is_empty() {
        let why = format!("{}: none of its {} lines is about Amazon Braket", args.bill, bill.others);
        return Err(Failure::new("SB2020", why));
    }
    let store = context.store()?;
    let kept = context.price_lists()?;
    let lists = kept.dates().iter().map(|d| kept.list(d)).collect::<Result<Vec<_>, _>>()?;
    let own = kept.own()?;
    let known = Known { lists: &lists, own: &own };
    let range = |e: crate::money::OutOfRange| Failure::new("SB2020", e.to_string());
    let mut report = reconcile::compare(&bill, &store.jobs(&Filter::default())?, known).map_err(range)?;
    let mut corrected = 0u64;
    if args.apply {
        for row in report.rows.iter().filter(|r| is_correctable(r)) {
            if let (Some(job), Some(billed)) = (&row.job, row.billed) {
                tell(&store, job, &Event::Corrected { billed })?;
                corrected += 1;
            }
        }
        report = reconcile::compare(&bill, &store.jobs(&Filter::default())?, known).map_err(range)?;
    }
    if out.is_json() {
        out.json(&document(&report, &bill, corrected));
    } else {
        show(&args, &report, &bill, corrected, out)?;
    }
    // Sums differ without a row where the bill names no task.
    let differs = report.rows.iter().any(|r| r.why.is_some()) || report.billed != report.settled;
    Ok(if differs { 6 } else { 0 })
}

/// How AWS packed a file that is no text, and the command that reads it all the same.
fn packed(file: &str) -> Option<(&'static str, String)> {
    use std::io::Read;
    let mut head = [0u8; 4];
    std::fs::File::open(file).ok()?.read_exact(&mut head).ok()?;
    Some(match &head {
        [0x1f, 0x8b, ..] => ("packed by gzip", format!("gunzip -c {file:?} | shotbook reconcile -")),
        b"PK\x03\x04" => ("packed by zip", format!("unzip -p {file:?} | shotbook reconcile -")),
        b"PAR1" => (
            "Parquet",
            format!(
                "duckdb -csv -c \"from read_parquet('{file}')\" | shotbook reconcile - , or export it as CSV"
            ),
        ),
        _ => return None,
    })
}

/// Whether the bill is the last word: the task is over here and known.
fn is_correctable(row: &Row) -> bool {
    row.settled.is_some()
        && !matches!(
            row.why,
            None | Some(
                Why::Unknown
                    | Why::Open(_)
                    | Why::NotBilled
                    | Why::BilledWithoutSuccess
                    | Why::Part
                    | Why::Before(_)
            )
        )
}

fn document(report: &Report, bill: &Bill, corrected: u64) -> Value {
    let row = |r: &Row| {
        json!({"task_arn": r.task, "job_id": r.job.as_ref().map(|j| j.as_str()),
            "billed": r.billed.map(|m| m.to_string()), "settled": r.settled.map(|m| m.to_string()),
            "difference": r.why.as_ref().map(|w| json!({"cause": w.word(), "message": w.words()}))})
    };
    let rows: Vec<Value> = report.rows.iter().map(row).collect();
    let unnamed: Vec<Value> = report
        .unnamed
        .iter()
        .map(|((day, usage), cost)| json!({"day": day, "usage": usage, "billed": cost.to_string()}))
        .collect();
    json!({"schema": "shotbook.reconciliation/1", "billed": report.billed.to_string(),
        "settled": report.settled.to_string(),
        "difference": report.billed.minus(report.settled).map(|m| m.to_string()).ok(), "matched": report.matched,
        "unmatched": report.rows.len() as u64 - report.matched, "corrected": corrected,
        "credits": report.credits.to_string(), "tax": report.tax.to_string(),
        "other_lines": bill.others, "rounded": bill.rounded, "unnamed": unnamed, "tasks": rows})
}

fn show(args: &Args, report: &Report, bill: &Bill, corrected: u64, out: &mut Out) -> Result<(), Failure> {
    let money = |m: Option<crate::money::Money>| m.map_or_else(|| "-".to_owned(), |m| format!("{m:#}"));
    let cells = |r: &Row| {
        vec![
            r.job.as_ref().map_or_else(|| r.task.clone(), |j| j.as_str().to_owned()),
            money(r.billed),
            money(r.settled),
            r.why.as_ref().map_or_else(|| "agrees".to_owned(), Why::words),
        ]
    };
    let rows: Vec<Vec<String>> =
        report.rows.iter().filter(|r| args.all || r.why.is_some()).map(cells).collect();
    if !rows.is_empty() {
        out.table(&["TASK", "BILL", "LEDGER", "WHY"], &[1, 2], rows);
    }
    if !report.unnamed.is_empty() {
        out.line("lines that name no task, so that only sums can be compared:");
        let rows = report
            .unnamed
            .iter()
            .map(|((day, usage), cost)| vec![day.clone(), usage.clone(), format!("{cost:#}")]);
        out.table(&["DAY", "USAGE", "BILL"], &[2], rows.collect());
    }
    let unmatched = report.rows.len() as u64 - report.matched;
    let difference =
        report.billed.minus(report.settled).map_err(|e| Failure::new("SB2020", e.to_string()))?;
    let gap = if difference.is_zero() { String::new() } else { format!(", difference {difference:#}") };
    out.line(&format!(
        "ledger {:#}, invoice {:#}{gap} · {} tasks agree, {unmatched} unmatched",
        report.settled, report.billed, report.matched
    ));
    if !report.credits.is_zero() || !report.tax.is_zero() {
        out.line(&format!("beside them on the bill: credits {:#}, tax {:#}", report.credits, report.tax));
    }
    if bill.rounded > 0 {
        out.say(&format!("{} amounts had more than nine decimals and were rounded", bill.rounded));
    }
    if bill.no_currency {
        out.say("the bill has no column for the currency; its amounts were read as US dollars");
    }
    if corrected > 0 {
        out.say(&format!("{corrected} correcting entries were added; shotbook show JOB tells them"));
    } else if report.rows.iter().any(is_correctable) {
        out.say("follow the bill by correcting entries: shotbook reconcile BILL.csv --apply");
    }
    Ok(())
}
