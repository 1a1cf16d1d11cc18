//! `draw`: the circuit as text or SVG.

use shotbook_sim::draw;

use crate::cli::circuit::CircuitArgs;
use crate::cli::output::Out;
use crate::cli::{Context, Failure};

/// Arguments of `draw`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Circuit, or - for standard input
    file: String,
    /// SVG file to write instead of text
    #[arg(short, value_name = "OUT.svg")]
    output: Option<String>,
    /// Columns of the terminal
    #[arg(long, default_value_t = 100)]
    width: usize,
    #[command(flatten)]
    circuit: CircuitArgs,
}

pub fn run(args: Args, _context: &Context, out: &mut Out) -> Result<u8, Failure> {
    let loaded = args.circuit.load_right(&args.file, out)?;
    let circuit = loaded.circuit()?;
    match &args.output {
        None => out.text(&draw::text(circuit, Some(args.width))),
        Some(file) => super::translate::write(file, draw::svg(circuit).as_bytes())?,
    }
    Ok(0)
}
