//! `check`: parse and lint, for everybody or for a device.

use serde_json::json;
use shotbook_sim::diagnostic::{Diagnostic, Severity};
use shotbook_sim::qasm::Reading;
use shotbook_sim::target::{self, Profile};

use crate::cli::circuit::CircuitArgs;
use crate::cli::output::Out;
use crate::cli::{Context, Failure, diagnostics};

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Circuits
    #[arg(required = true)]
    files: Vec<String>,
    /// Will this device take it?
    #[arg(long, value_name = "DEV")]
    on: Option<String>,
    /// Will this reader take it as it is written? service, localsim, sdk
    #[arg(long = "for", value_name = "READER")]
    reader: Option<String>,
    /// Shots to check for
    #[arg(long)]
    shots: Option<u64>,
    /// Apply the safe fixes
    #[arg(long)]
    fix: bool,
    #[command(flatten)]
    circuit: CircuitArgs,
}

pub fn run(args: Args, _context: &Context, out: &mut Out) -> Result<u8, Failure> {
    let device = args.on.as_deref().map(super::devices::find).transpose()?;
    let reader = args.reader.as_deref().map(profile).transpose()?;
    let (mut code, mut documents) = (0u8, Vec::new());
    for file in &args.files {
        let mut loaded = args.circuit.load(file)?;
        let fixable = |reading: &Reading| {
            let more = reader.filter(|_| reading.circuit.is_some()).map(|r| r.check(reading));
            [reading.diagnostics.clone(), more.unwrap_or_default()].concat()
        };
        if args.fix && file != "-" && mend(file, &loaded.text, &fixable(&loaded.reading))? {
            out.say(&format!("{file}: fixed"));
            loaded = args.circuit.load(file)?;
        }
        let mut found = loaded.reading.diagnostics.clone();
        let wrong = |list: &[Diagnostic]| list.iter().any(|d| d.severity == Severity::Error);
        let mut ok = !wrong(&found);
        if !ok {
            code = code.max(5);
        } else if let Some(circuit) = &loaded.reading.circuit {
            found.extend(reader.map(|r| r.check(&loaded.reading)).unwrap_or_default());
            found.extend(device.map(|d| target::check(circuit, d, args.shots)).unwrap_or_default());
            ok = !wrong(&found);
            if !ok {
                code = code.max(4);
            }
        }
        if out.is_json() {
            let list: Vec<_> =
                found.iter().map(|d| diagnostics::to_json(&loaded.reading.sources, d)).collect();
            documents.push(json!({"file": file, "ok": ok, "diagnostics": list}));
        } else {
            diagnostics::show(out, &loaded.reading.sources, &found);
            if ok {
                let on = device.map(|d| format!(" on {}", d.name)).unwrap_or_default();
                let by = args.reader.as_deref().map(|r| format!(" for {r}")).unwrap_or_default();
                out.line(&format!("{file}: ok{by}{on}"));
            }
        }
    }
    if out.is_json() {
        out.json(&json!({"schema": "shotbook.check/1", "files": documents}));
    }
    Ok(code)
}

fn profile(name: &str) -> Result<Profile, Failure> {
    Profile::named(name).ok_or_else(|| {
        Failure::new("SB2001", format!("{name:?} is no reader")).with_help("service, localsim or sdk")
    })
}

/// Applies the safe fixes, last first so that earlier places stay true; nothing else is touched.
fn mend(file: &str, text: &str, found: &[Diagnostic]) -> Result<bool, Failure> {
    let mut fixes: Vec<_> = found.iter().filter_map(|d| d.fix.as_ref()).filter(|f| f.safe).collect();
    fixes.sort_by_key(|f| std::cmp::Reverse(f.span));
    let mut mended = text.to_owned();
    for fix in &fixes {
        let range = fix.span.start as usize..fix.span.end as usize;
        if mended.get(range.clone()).is_some() {
            mended.replace_range(range, &fix.replacement);
        }
    }
    if mended == text {
        return Ok(false);
    }
    let fresh = format!("{file}.new");
    std::fs::write(&fresh, mended)
        .and_then(|()| std::fs::rename(&fresh, file))
        .map_err(|e| Failure::new("SB2006", format!("{file} cannot be written: {e}")))?;
    Ok(true)
}
