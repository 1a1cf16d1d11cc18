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
    /// This machine owns the store from now on; no other one may use it any more
    Here,
    /// Put a copy in the place of the store; what was there is kept beside it
    Restore {
        /// Copy that `store backup` wrote
        file: PathBuf,
    },
}

pub fn run(args: Args, context: &Context, out: &mut Out) -> Result<u8, Failure> {
    let what = match args.what {
        What::Restore { file } => return restore(&file, context, out),
        other => other,
    };
    let store = context.store()?;
    match what {
        What::Restore { .. } => {}
        What::Here => {
            store.take_over()?;
            out.say(&format!("{} belongs to this machine", store.path().display()));
        }
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
                    "{path}: ok · {money} money · held {:#} · settled {:#}",
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

/// What was paid after the copy was made is found again at AWS before anything else is sent.
fn restore(file: &std::path::Path, context: &Context, out: &mut Out) -> Result<u8, Failure> {
    let path = context.store_path()?;
    let kept = crate::store::restore(file, &path)?;
    let store = context.store()?;
    store.check()?;
    if out.is_json() {
        let kept = kept.as_ref().map(|p| p.display().to_string());
        out.json(&json!({"schema": "shotbook.restore/1", "store": store.path().display().to_string(), "kept": kept}));
        return Ok(0);
    }
    out.line(&format!("{} is in place of {}", file.display(), store.path().display()));
    if let Some(kept) = kept {
        out.say(&format!("what was there: {}", kept.display()));
    }
    out.say("tasks that were bought since the copy was made are found again by: shotbook worker --drain");
    Ok(0)
}
