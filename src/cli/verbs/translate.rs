//! `translate`: the same circuit in another dialect.

use serde_json::json;
use shotbook_sim::circuit::{Circuit, Gate};
use shotbook_sim::engine::Options;
use shotbook_sim::qasm::emit::Reader;
use shotbook_sim::qasm::{self, Emit, ParseOptions, emit};
use shotbook_sim::target::{self, Device};
use shotbook_sim::verify::{self, Differs, Method};

use crate::cli::circuit::{CircuitArgs, Loaded};
use crate::cli::output::Out;
use crate::cli::{Context, Failure, diagnostics};

/// Arguments of `translate`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Circuit, or - for standard input
    file: String,
    /// Dialect: braket, openqasm3, openqasm2, json
    #[arg(long, value_name = "DIALECT")]
    to: String,
    /// Use only gates that this device takes
    #[arg(long, value_name = "DEV")]
    on: Option<String>,
    /// Prove that both do the same, up to a global phase
    #[arg(long)]
    verify: bool,
    /// File to write instead of standard output
    #[arg(short, value_name = "FILE")]
    output: Option<String>,
    #[command(flatten)]
    circuit: CircuitArgs,
}

pub fn run(args: Args, _context: &Context, out: &mut Out) -> Result<u8, Failure> {
    let device = args.on.as_deref().map(super::devices::find).transpose()?.filter(|d| !d.is_local());
    let loaded = args.circuit.load_right(&args.file, out)?;
    let form = match args.to.as_str() {
        "braket" | "json" => Emit::Braket,
        "openqasm3" => Emit::OpenQasm3,
        "openqasm2" => Emit::OpenQasm2,
        other => {
            let help = "braket, openqasm3, openqasm2 or json";
            return Err(Failure::new("SB2001", format!("{other:?} is no dialect")).with_help(help));
        }
    };
    let text = written(&args, form, device, &loaded, out)?;
    let proof = args.verify.then(|| prove(&loaded, &text, form)).transpose()?;
    if let Some(method) = proof {
        out.say(&format!("verified: {}", method.words()));
    }
    match &args.output {
        Some(file) => write(file, text.as_bytes())?,
        None if out.is_json() => out.json(&json!({"schema": "shotbook.translation/1", "to": args.to,
            "text": text, "verified": proof.map(Method::words)})),
        None => out.text(&text),
    }
    Ok(0)
}

fn written(
    args: &Args,
    form: Emit,
    device: Option<&Device>,
    loaded: &Loaded,
    out: &mut Out,
) -> Result<String, Failure> {
    let circuit = loaded.circuit()?;
    let written = match (args.to == "json", device) {
        (false, _) => dialect(form, device, loaded, circuit),
        (true, Some(device)) => target::submission(circuit, device, &loaded.inputs).map(|s| s.action + "\n"),
        (true, None) => qasm::emit(circuit, form).map(|s| emit::action(&s, &loaded.inputs) + "\n"),
    };
    written.map_err(|wrong| {
        diagnostics::show(out, &loaded.reading.sources, &wrong);
        let count = if wrong.len() == 1 { "one place".to_owned() } else { format!("{} places", wrong.len()) };
        Failure::new("SB5000", format!("not translated to {}: {count} above", args.to))
            .with_help("shotbook help SB5060")
    })
}

/// By words where words are enough, so that comments and layout survive; else from scratch.
fn dialect(
    form: Emit,
    device: Option<&Device>,
    loaded: &Loaded,
    circuit: &Circuit,
) -> Result<String, Vec<shotbook_sim::diagnostic::Diagnostic>> {
    let Some(device) = device else {
        let kept = qasm::rewrite(&loaded.reading, form, &loaded.inputs);
        return kept.map_or_else(|| qasm::emit(circuit, form), Ok);
    };
    let takes = |gate: Gate| device.gates.contains(&gate) || device.native_gates.contains(&gate);
    let matrices = device.pragmas.contains(&target::Pragma::Unitary);
    let barriers = device.takes_operation("barrier");
    emit::emit_for(circuit, form, Reader { takes: Some(&takes), barriers, matrices })
}

/// Reads the translation again and compares it with the original.
fn prove(loaded: &Loaded, text: &str, form: Emit) -> Result<Method, Failure> {
    let reading = qasm::read("translation", text, &ParseOptions::default(), &loaded.inputs);
    let Some(after) = &reading.circuit else {
        let why = reading.diagnostics.first().map_or_else(String::new, |d| d.message.clone());
        return Err(Failure::new("SB5061", format!("the translation cannot be read again: {why}")));
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let options = Options { max_memory: crate::config::memory_bytes(), threads, ..Options::default() };
    // Any seed does; a fixed one makes the same answer come again.
    let before = emit::settled(loaded.circuit()?, form);
    verify::same(&before, after, &options, 1).map_err(|differs| match &differs {
        Differs::Run(_) => Failure::new("SB5100", differs.to_string()).with_help("leave --verify out"),
        _ => Failure::new("SB5061", differs.to_string()),
    })
}

/// Writes a file.
pub fn write(file: &str, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(file, bytes).map_err(|e| Failure::new("SB2006", format!("{file} cannot be written: {e}")))
}
