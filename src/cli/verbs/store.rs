//! `store`: check it, copy it.

use std::path::PathBuf;

use serde_json::json;

use crate::cli::output::Out;
use crate::cli::{Context, Failure};
use crate::store::Store;

/// Arguments of `store`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Verify every row, sum and hash
    Check,
    /// Write a copy while it is in use
    Backup {
        /// File to write
        #[arg(short, value_name = "FILE")]
        output: PathBuf,
    },
}

pub fn run(args: Args, context: &Context, out: &mut Out) -> Result<u8, Failure> {
    let store = context.store()?;
    match args.what {
        What::Check => {
            store.check()?;
            let (identity, totals) = (store.identity()?, store.totals()?);
            if out.is_json() {
                out.json(&json!({"schema": "shotbook.store/1", "ok": true, "store": identity.store.as_str(),
                    "money": identity.money.map(|m| m.word()), "held": totals.held.to_string(),
                    "settled": totals.settled.to_string()}));
            } else {
                let money = identity.money.map_or("no", |m| m.word());
                let path = store.path().display();
                out.line(&format!(
                    "{path}: ok · {money} money · held ${} · settled ${}",
                    totals.held, totals.settled
                ));
            }
        }
        What::Backup { output } => {
            if output.exists() {
                return Err(
                    Failure::new("SB2006", format!("{} exists", output.display())).with_help("-o ANOTHER.db")
                );
            }
            store.backup(&output)?;
            out.say(&format!("copied to {}", output.display()));
        }
    }
    Ok(0)
}
