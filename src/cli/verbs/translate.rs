//! `translate`: the same circuit in another dialect.

use shotbook_sim::circuit::Gate;
use shotbook_sim::qasm::{self, Emit, emit};

use crate::cli::circuit::CircuitArgs;
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
    /// File to write instead of standard output
    #[arg(short, value_name = "FILE")]
    output: Option<String>,
    #[command(flatten)]
    circuit: CircuitArgs,
}

pub fn run(args: Args, _context: &Context, out: &mut Out) -> Result<u8, Failure> {
    let device = args.on.as_deref().map(super::devices::find).transpose()?.filter(|d| !d.is_local());
    let loaded = args.circuit.load_right(&args.file, out)?;
    let circuit = loaded.circuit()?;
    let takes = device.map(|d| move |gate: Gate| d.gates.contains(&gate) || d.native_gates.contains(&gate));
    let takes = takes.as_ref().map(|f| f as &dyn Fn(Gate) -> bool);
    let written = match args.to.as_str() {
        "braket" => qasm::emit(circuit, Emit::Braket, takes),
        "openqasm3" => qasm::emit(circuit, Emit::OpenQasm3, takes),
        "openqasm2" => qasm::emit(circuit, Emit::OpenQasm2, takes),
        "json" => match device {
            Some(device) => {
                shotbook_sim::target::submission(circuit, device, &loaded.inputs).map(|s| s.action + "\n")
            }
            None => qasm::emit(circuit, Emit::Braket, None)
                .map(|source| emit::action(&source, &loaded.inputs) + "\n"),
        },
        other => {
            let help = "braket, openqasm3, openqasm2 or json";
            return Err(Failure::new("SB2001", format!("{other:?} is no dialect")).with_help(help));
        }
    };
    let text = written.map_err(|wrong| {
        diagnostics::show(out, &loaded.reading.sources, &wrong);
        Failure::new("SB5000", wrong.first().map_or_else(String::new, |d| d.message.clone()))
    })?;
    match &args.output {
        None => out.text(&text),
        Some(file) => write(file, text.as_bytes())?,
    }
    Ok(0)
}

/// Writes a file.
pub fn write(file: &str, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(file, bytes).map_err(|e| Failure::new("SB2006", format!("{file} cannot be written: {e}")))
}
