//! `prices`: rates, by date.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::backend::braket::offers;
use crate::cli::output::Out;
use crate::cli::{Context, Failure};
use crate::price::{OwnPrices, PriceList, PriceRow, Rate};

/// Arguments of `prices`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// All rates, of now or as they were known on a day
    Show {
        /// The day, such as 2026-09-30
        #[arg(long, value_name = "DATE")]
        at: Option<String>,
    },
    /// Take over the rates of AWS's offer file, CSV or JSON; a wrong file is refused whole
    Refresh {
        /// The file `index.csv` or `index.json` of the offer AmazonBraket; fetched from AWS, or from
        /// BRAKET_PRICE_OFFERS_URL, unless told
        #[arg(long, value_name = "FILE")]
        from: Option<PathBuf>,
        /// Take rates that are more than four times as much or as little as those in use
        #[arg(long)]
        trust: bool,
    },
    /// Take a kept list out of use; its file stays
    Withdraw {
        /// Its date, with its number where the date has several, such as 2026-11-20.2
        date: String,
    },
    /// What changed between two lists: the last two, or those of two days
    Diff {
        /// Day of the older list
        #[arg(requires = "new")]
        old: Option<String>,
        /// Day of the newer list
        new: Option<String>,
    },
}

pub fn run(args: Args, context: &Context, out: &mut Out) -> Result<u8, Failure> {
    match args.what.unwrap_or(What::Show { at: None }) {
        What::Show { at } => {
            let lists = context.price_lists()?;
            show(&list_at(context, at.as_deref())?, out);
            if !out.is_json() {
                own(&lists.own()?, out);
            }
        }
        What::Refresh { from: Some(from), trust } => {
            let list = context.price_lists()?.refresh(&from, trust)?;
            taken(&list, context, out)?;
        }
        What::Withdraw { date } => {
            context.price_lists()?.take_back(&date)?;
            out.say(&format!("{date} is out of use; its file stays"));
            show(&list_at(context, None)?, out);
        }
        What::Refresh { from: None, trust } => {
            let url = context.config.offers_url.as_deref().unwrap_or(offers::URL);
            let asked = context.block_on(offers::fetch(url))?;
            let text = asked.ok_or_else(|| Failure::new("SB8001", "interrupted; the older list stays"))?;
            let text = text.map_err(|e| {
                Failure::from(e).with_help("shotbook prices refresh --from index.csv, which you fetched")
            })?;
            let list = context.price_lists()?.take(&text, trust)?;
            taken(&list, context, out)?;
        }
        What::Diff { old, new } => {
            let lists = context.price_lists()?;
            let names = lists.dates();
            let last = |back: usize| names.len().checked_sub(back).map(|i| names[i].clone());
            let (before, after) = (last(2).or_else(|| last(1)), last(1));
            // The last two are meant by their names; a date that was given means its last list.
            let read = |asked: &Option<String>, name: &Option<String>| match (asked, name) {
                (None, Some(name)) => Ok(lists.list(name)?),
                (asked, _) => list_at(context, asked.as_deref()),
            };
            let (was, is) = (read(&old, &before)?, read(&new, &after)?);
            let (old, new) = (old.or(before), new.or(after));
            let name = |asked: Option<String>, list: &PriceList| match asked {
                // Two lists of one date are told apart by their names.
                Some(name) if name.starts_with(&list.date) => name,
                _ => list.date.clone(),
            };
            diff((&name(old, &was), &was), (&name(new, &is), &is), out);
        }
    }
    Ok(0)
}

/// What became of a list that was read.
fn taken(list: &PriceList, context: &Context, out: &mut Out) -> Result<(), Failure> {
    show(list, out);
    let used = list_at(context, None)?;
    if used.digest() != list.digest() {
        out.complain(&format!(
            "the list of {} was kept and is not in use: the one of {} is newer; shotbook prices withdraw {} \
             takes that back",
            list.date, used.date, used.date
        ));
    }
    Ok(())
}

fn list_at(context: &Context, date: Option<&str>) -> Result<PriceList, Failure> {
    if let Some(text) = date.filter(|text| {
        let (day, number) = text.split_once('.').unwrap_or((text, "1"));
        day.parse::<jiff::civil::Date>().is_err() || number.parse::<u32>().is_err()
    }) {
        return Err(Failure::new("SB2001", format!("{text:?} is no date")).with_help("2026-09-30"));
    }
    let lists = context.price_lists()?;
    lists.at(date)?.ok_or_else(|| {
        let dates = lists.dates();
        Failure::new("SB4903", format!("no list is as old as {}", date.unwrap_or("that")))
            .with_help(format!("shotbook prices show --at {}", dates.first().map_or("DATE", String::as_str)))
    })
}

fn row_json(row: &PriceRow) -> Value {
    match row.rate {
        Rate::PerShot { task_fee, shot_fee } => json!({"device": row.device,
            "per_task": task_fee.to_string(), "per_shot": shot_fee.to_string(), "seen": row.seen}),
        Rate::PerMinute { minute, minimum_ms } => json!({"device": row.device,
            "per_minute": minute.to_string(), "minimum_ms": minimum_ms, "seen": row.seen}),
    }
}

fn words(rate: Option<Rate>) -> String {
    match rate {
        Some(Rate::PerShot { task_fee, shot_fee }) => format!("{task_fee:#} + {shot_fee:#}/shot"),
        Some(Rate::PerMinute { minute, .. }) => format!("{minute:#}/min"),
        None => "none".to_owned(),
    }
}

fn show(list: &PriceList, out: &mut Out) {
    if out.is_json() {
        let rows: Vec<Value> = list.rows.iter().map(row_json).collect();
        out.json(&json!({"schema": "shotbook.prices/1", "date": list.date, "currency": "USD",
            "source": list.source, "prices": rows}));
        return;
    }
    let cells = |row: &PriceRow| {
        let [task, shot, minute] = match row.rate {
            Rate::PerShot { task_fee, shot_fee } => {
                [format!("{task_fee:#}"), format!("{shot_fee:#}"), "-".into()]
            }
            Rate::PerMinute { minute, .. } => ["-".into(), "-".into(), format!("{minute:#}")],
        };
        vec![row.device.clone(), task, shot, minute, row.seen.clone()]
    };
    out.table(
        &["DEVICE", "TASK", "SHOT", "MINUTE", "SEEN"],
        &[1, 2, 3],
        list.rows.iter().map(cells).collect(),
    );
    out.line(&format!("prices {} · USD · {}", list.date, list.source));
}

/// What the user's own table adds.
fn own(own: &OwnPrices, out: &mut Out) {
    for (name, hourly) in own.reservations.iter().chain(&own.instances) {
        out.line(&format!("{name}: {hourly:#} an hour, by your prices.toml"));
    }
    for (account, parts) in &own.discounts {
        let percent = crate::money::Money::from_nanos(i64::try_from(*parts).unwrap_or(0) * 10_000_000);
        out.line(&format!("account {account}: {percent} % off its bill, by your prices.toml"));
    }
}

fn diff((before, old): (&str, &PriceList), (after, new): (&str, &PriceList), out: &mut Out) {
    let mut names: Vec<&str> = old.rows.iter().chain(&new.rows).map(|r| r.device.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let changed: Vec<&str> = names.into_iter().filter(|n| old.rate(n) != new.rate(n)).collect();
    if out.is_json() {
        let row = |list: &PriceList, name: &str| list.rows.iter().find(|r| r.device == name).map(row_json);
        let rows: Vec<Value> =
            changed.iter().map(|n| json!({"device": n, "old": row(old, n), "new": row(new, n)})).collect();
        out.json(&json!({"schema": "shotbook.prices-diff/1", "old": before, "new": after, "changed": rows}));
        return;
    }
    if changed.is_empty() {
        out.line(&format!("nothing changed from {before} to {after}"));
        return;
    }
    let rows =
        changed.iter().map(|n| vec![(*n).to_owned(), words(old.rate(n)), words(new.rate(n))]).collect();
    out.table(&["DEVICE", before, after], &[1, 2], rows);
}
