//! `doctor`: checks the set-up and says what mends it.

use std::path::Path;

use serde_json::json;
use shotbook_sim::engine::Watch;

use crate::app;
use crate::backend::Braket;
use crate::cli::output::Out;
use crate::cli::{Context, Failure, simulate};
use crate::store::Store;
use crate::time;

/// Arguments of `doctor`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Also ask AWS who we are
    #[arg(long)]
    live: bool,
    /// Measure the engines on this machine, some seconds, and keep the speeds for `--engine auto` and
    /// forecasts
    #[arg(long)]
    calibrate: bool,
}

struct Check {
    name: &'static str,
    ok: bool,
    found: String,
    mend: &'static str,
}

pub fn run(args: Args, context: &Context, out: &mut Out) -> Result<u8, Failure> {
    let path = context.config.speeds_path().map_err(|why| Failure::new("SB2001", why))?;
    if args.calibrate {
        calibrate(&path, out)?;
    }
    let mut checks = vec![store(context), prices(context), speeds(&path)];
    checks.push(aws(args.live, context)?);
    let bytes = crate::config::memory_bytes();
    let qubits = (bytes / 16).max(1).ilog2();
    let found = format!("{} GiB for states: {qubits} qubits", bytes >> 30);
    checks.push(Check { name: "simulator", ok: true, found, mend: "" });
    let ok = checks.iter().all(|c| c.ok);
    if out.is_json() {
        let rows: Vec<_> = checks
            .iter()
            .map(|c| json!({"check": c.name, "ok": c.ok, "found": c.found, "mend": c.mend}))
            .collect();
        out.json(&json!({"schema": "shotbook.doctor/1", "ok": ok, "checks": rows}));
    } else {
        for check in &checks {
            out.line(&format!(
                "{} {:<10} {}",
                if check.ok { "ok  " } else { "MEND" },
                check.name,
                check.found
            ));
            if !check.ok {
                out.line(&format!("       try: {}", check.mend));
            }
        }
    }
    Ok(u8::from(!ok))
}

/// Measures every engine and keeps what was found.
fn calibrate(path: &Path, out: &mut Out) -> Result<(), Failure> {
    struct Clock;
    impl Watch for Clock {
        fn now_us(&self) -> u64 {
            time::monotonic_us()
        }

        fn stopped(&self) -> bool {
            false
        }

        fn progress(&self, _done: f64) {}
    }
    let measured = app::speeds::measure(&Clock).map_err(|why| Failure::new("SB1001", why))?;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)
            .map_err(|e| Failure::new("SB2006", format!("{}: {e}", folder.display())))?;
    }
    out.say("engine           forecast     took         factor");
    for m in &measured {
        let (forecast, took) = (simulate::duration(m.forecast_us), simulate::duration(m.took_us));
        out.say(&format!("{:16} {forecast:12} {took:12} {:.2}", m.engine, m.factor()));
    }
    out.save(path, app::speeds::written(&measured).as_bytes())
}

fn speeds(path: &Path) -> Check {
    let mend = "shotbook doctor --calibrate";
    let found = app::speeds::kept(path);
    let ok = found.is_ok();
    let found = match found {
        Ok(Some(_)) => format!("measured here: {}", path.display()),
        Ok(None) => format!("not measured here; {mend} makes forecasts of this machine"),
        Err(why) => why,
    };
    Check { name: "speeds", ok, found, mend }
}

fn store(context: &Context) -> Check {
    let looked = context.store().and_then(|store| {
        store.check()?;
        let money = store.identity()?.money.map_or("no", |m| m.word());
        Ok(format!("{} · {money} money", store.path().display()))
    });
    match looked {
        Ok(found) => Check { name: "store", ok: true, found, mend: "" },
        Err(failure) => Check {
            name: "store",
            ok: false,
            found: failure.message().to_owned(),
            mend: "--store sqlite:PATH, or a backup",
        },
    }
}

fn prices(context: &Context) -> Check {
    let list = match context.prices() {
        Ok(list) => list,
        Err(failure) => {
            let found = failure.message().to_owned();
            return Check { name: "prices", ok: false, found, mend: "shotbook prices refresh --from FILE" };
        }
    };
    let age = time::now().civil_date().and_then(|today| list.age_days(today));
    // Old prices warn; they are exact for their date and every quote names it.
    let found = match age {
        Some(days) if days > 30 => format!("of {}, {days} days old", list.date),
        _ => format!("of {}", list.date),
    };
    Check { name: "prices", ok: true, found, mend: "" }
}

fn aws(live: bool, context: &Context) -> Result<Check, Failure> {
    if !live {
        let found = "not asked; --live asks who we are".to_owned();
        return Ok(Check { name: "aws", ok: true, found, mend: "" });
    }
    let braket = context.braket();
    let mend = "aws configure, or AWS_PROFILE, AWS_REGION; without an account: shotbook mock exec -- COMMAND";
    Ok(match context.block_on(async { braket.lane("").await })? {
        Some(Ok(report)) => {
            let lane = report.lane;
            let kind = if lane.world.is_some() { "play" } else { "real" };
            let skew = time::now().since(report.server_now).max(report.server_now.since(time::now()));
            let found = format!(
                "{} · {} · bucket {} · {kind} money · clock off by {} s",
                report.user,
                lane.region,
                lane.bucket,
                skew.as_secs()
            );
            Check { name: "aws", ok: true, found, mend }
        }
        Some(Err(error)) => Check { name: "aws", ok: false, found: error.to_string(), mend },
        None => Check { name: "aws", ok: false, found: "interrupted".to_owned(), mend },
    })
}
