//! `check`: parse and lint, for everybody or for a device.

use std::collections::BTreeSet;

use serde_json::json;
use shotbook_sim::circuit::Circuit;
use shotbook_sim::diagnostic::{Diagnostic, Severity};
use shotbook_sim::qasm::Inputs;
use shotbook_sim::target::{self, Device, Profile, Refusal, Setting};

use crate::cli::circuit::{CircuitArgs, Loaded};
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
    /// Will this reader take it as it is written? service, localsim, sdk; with --on, that device
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
        let fixable = |loaded: &Loaded| {
            let found = judged(loaded, device, reader, args.shots);
            found.into_iter().map(|r| r.diagnostic).collect::<Vec<_>>()
        };
        if args.fix && file != "-" && mend(file, &loaded.text, &fixable(&loaded))? {
            out.say(&format!("{file}: fixed"));
            loaded = args.circuit.load(file)?;
        }
        let found = judged(&loaded, device, reader, args.shots);
        let wrong = |r: &Refusal| r.diagnostic.severity == Severity::Error;
        let ok = !found.iter().any(wrong);
        if !ok {
            code = code.max(if loaded.reading.circuit.is_none() { 5 } else { 4 });
        }
        if out.is_json() {
            let list: Vec<_> =
                found.iter().map(|r| diagnostics::refusal_to_json(&loaded.reading.sources, r)).collect();
            documents.push(json!({"file": file, "ok": ok, "diagnostics": list}));
        } else {
            diagnostics::show_refusals(out, &loaded.reading.sources, &found);
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

/// Everything that is wrong with a program, for those who were asked for.
fn judged(
    loaded: &Loaded,
    device: Option<&Device>,
    reader: Option<Profile>,
    shots: Option<u64>,
) -> Vec<Refusal> {
    let reading = &loaded.reading;
    let served = reader == Some(Profile::Service) || device.is_some_and(|d| !d.is_local());
    let own = reading.diagnostics.iter().map(|d| Refusal {
        service: served.then(|| target::published(d, &reading.sources)).flatten(),
        diagnostic: d.clone(),
    });
    let mut found: Vec<Refusal> = own.collect();
    let Some(circuit) = &reading.circuit else { return found };
    if let Some(reader) = reader {
        let setting = Setting { device, shots, inputs: Some(&loaded.inputs) };
        found.extend(reader.refusals(reading, &setting));
    }
    if let Some(device) = device {
        // Hardware takes shots in any case, so its fewest stand for a number that was not given.
        let least = device.shots.map(|(least, _)| least).filter(|&n| n > 0);
        found.extend(target::refusals(circuit, device, shots.or(least), Some(&reading.sources)));
        if found.iter().all(|r| r.diagnostic.severity != Severity::Error) && !device.is_local() {
            found.extend(unsendable(circuit, device, &loaded.inputs));
        }
    }
    // With a reader and a device, some rules are both's.
    let mut seen = BTreeSet::new();
    found.retain(|r| seen.insert((r.diagnostic.code, r.diagnostic.span)));
    found
}

/// What only writing it for the device shows: nothing to say it in, or too much of it.
fn unsendable(circuit: &Circuit, device: &Device, inputs: &Inputs) -> Vec<Refusal> {
    let wrong = target::submission(circuit, device, inputs).err().unwrap_or_default();
    wrong.into_iter().map(|diagnostic| Refusal { diagnostic, service: None }).collect()
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
