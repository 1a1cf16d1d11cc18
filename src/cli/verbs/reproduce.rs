//! `reproduce`: published trainings, computed again.

use serde_json::json;

use crate::cli::circuit::read_text;
use crate::cli::output::Out;
use crate::cli::{Context, Failure};
use crate::train::TrainError;
use crate::train::reproduce::{self, Row};

const GRAPHS: &str = include_str!("../../../data/qaoa_cubic_graphs.json");
const ANGLES: &str = include_str!("../../../data/qaoa_fixed_angles.json");
const SPIRALS: [&str; 2] = [
    include_str!("../../../data/spirals_turns_1p52.json"),
    include_str!("../../../data/spirals_turns_2p00.json"),
];

const MOLECULES: [&str; 3] = [
    include_str!("../../../data/h2_sto3g_2q.json"),
    include_str!("../../../data/hehp_sto3g_2q.json"),
    include_str!("../../../data/lih_sto3g_4q.json"),
];

/// Arguments of `reproduce`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// qaoa: fixed angles on cubic graphs; bond-sweep: molecules, cold and warm; spirals: the dressed
    /// classifier
    #[arg(value_parser = ["qaoa", "bond-sweep", "spirals"])]
    name: String,
    /// The same protocol on another file of the same format
    #[arg(long, value_name = "FILE")]
    data: Option<String>,
}

pub fn run(args: Args, _context: &Context, out: &mut Out) -> Result<u8, Failure> {
    let given = args.data.as_deref().map(read_text).transpose()?;
    let began = crate::time::monotonic_us();
    let rows = match (args.name.as_str(), given.as_deref()) {
        ("qaoa", given) => reproduce::qaoa(given.unwrap_or(GRAPHS), ANGLES),
        ("bond-sweep", Some(given)) => reproduce::bond_sweep(&[given], false),
        ("bond-sweep", None) => reproduce::bond_sweep(&MOLECULES, true),
        (_, Some(given)) => reproduce::spirals(&[given]),
        (_, None) => reproduce::spirals(&SPIRALS),
    };
    let rows = rows.map_err(|error| match error {
        TrainError::Data(_) => Failure::new("SB2006", error.to_string())
            .with_help("give a file of the format that data/README.md describes"),
        TrainError::Circuit(_) => Failure::new("SB1001", error.to_string()),
        TrainError::Simulation(_) => Failure::new("SB5100", error.to_string()),
    })?;
    let seconds = (crate::time::monotonic_us() - began) as f64 / 1e6;
    if out.is_json() {
        out.json(&json!({"schema": "shotbook.reproduction/1", "name": args.name, "rows": rows, "seconds": seconds}));
    } else {
        let cells = |row: &Row| {
            let published = row.published.map_or_else(|| "-".to_owned(), |p| format!("{p:.6}"));
            let verdict = match row.pass {
                Some(true) => "yes",
                Some(false) => "NO",
                None => "-",
            };
            vec![row.quantity.clone(), format!("{:.6}", row.ours), published, verdict.to_owned()]
        };
        out.table(&["QUANTITY", "OURS", "PUBLISHED", "PASS"], &[1, 2], rows.iter().map(cells).collect());
        out.say(&format!("computed in {seconds:.1} s from data and seeds; $0.00"));
    }
    Ok(if rows.iter().all(|row| row.pass != Some(false)) { 0 } else { 6 })
}
