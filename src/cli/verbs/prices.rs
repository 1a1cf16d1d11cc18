//! `prices`: rates of the price list.

use serde_json::{Value, json};

use crate::cli::output::Out;
use crate::cli::views::fee;
use crate::cli::{Context, Failure};
use crate::price::{PriceList, Rate};

/// Arguments of `prices`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// All rates
    Show,
}

pub fn run(args: Args, _context: &Context, out: &mut Out) -> Result<u8, Failure> {
    let What::Show = args.what.unwrap_or(What::Show);
    let list = PriceList::embedded();
    if out.is_json() {
        let rows: Vec<Value> = list
            .rows
            .iter()
            .map(|row| match row.rate {
                Rate::PerShot { task_fee, shot_fee } => {
                    json!({"device": row.device, "per_task": task_fee.to_string(),
                    "per_shot": shot_fee.to_string(), "seen": row.seen})
                }
                Rate::PerMinute { minute, minimum_ms } => json!({"device": row.device,
                    "per_minute": minute.to_string(), "minimum_ms": minimum_ms, "seen": row.seen}),
            })
            .collect();
        out.json(&json!({"schema": "shotbook.prices/1", "date": list.date, "currency": "USD", "source": list.source,
            "prices": rows}));
        return Ok(0);
    }
    let rows = list
        .rows
        .iter()
        .map(|row| match row.rate {
            Rate::PerShot { task_fee, shot_fee } => {
                vec![
                    row.device.clone(),
                    format!("${}", fee(task_fee)),
                    format!("${shot_fee}"),
                    "-".into(),
                    row.seen.clone(),
                ]
            }
            Rate::PerMinute { minute, .. } => {
                vec![row.device.clone(), "-".into(), "-".into(), format!("${minute}"), row.seen.clone()]
            }
        })
        .collect();
    out.table(&["DEVICE", "TASK", "SHOT", "MINUTE", "SEEN"], &[1, 2, 3], rows);
    out.line(&format!("prices {} · USD · {}", list.date, list.source));
    Ok(0)
}
