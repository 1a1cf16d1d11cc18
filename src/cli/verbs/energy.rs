//! `energy`: where a simulator stops taking less energy than a device.

use serde_json::json;
use shotbook_sim::engine::{self, Options};

use crate::cli::circuit::{CircuitArgs, size_of};
use crate::cli::output::Out;
use crate::cli::{Context, Failure};
use crate::energy::{Band, crossover};

/// Arguments of `energy`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Energy of a circuit on a device and on simulators, and the qubits at which they meet
    Crossover {
        /// Circuit, or - for standard input
        file: String,
        /// Shots
        #[arg(long, default_value_t = 1000)]
        shots: u64,
        /// Device
        #[arg(long, value_name = "DEV", default_value = "garnet")]
        on: String,
        /// Time of the classical model that solves the same task here, such as 50ms
        #[arg(long, value_name = "T")]
        classical: Option<String>,
        /// Coefficients in place of the table that ships
        #[arg(long, value_name = "FILE.json")]
        coefficients: Option<String>,
        #[command(flatten)]
        circuit: CircuitArgs,
    },
}

/// Most qubits that are simulated to be timed.
const TIMED_QUBITS: u32 = 24;

pub fn run(args: Args, _context: &Context, out: &mut Out) -> Result<u8, Failure> {
    let What::Crossover { file, shots, on, classical, coefficients, circuit } = args.what;
    if shots == 0 {
        return Err(Failure::new("SB2001", "0 shots take no energy").with_help("--shots 1000"));
    }
    let table = super::report::coefficients(coefficients.as_deref())?;
    let device = super::devices::find(&on)?;
    let loaded = circuit.load_right(&file, out)?;
    let values = loaded.bound(out)?;
    let read = loaded.circuit()?;
    let (qubits, gates) = (read.n_qubits, size_of(read).0.max(1));
    let unknown = || {
        Failure::new("SB2001", format!("no energy of a {} machine is known", device.technology))
            .with_help("--on garnet, --on forte-1, or --coefficients FILE.json")
    };
    let active = table.active(&device.technology).ok_or_else(unknown)?;
    let allocated = table.allocated(&device.technology).ok_or_else(unknown)?;
    let measured = measure(read, &values, qubits, shots);
    let host = measured.map(|seconds| (seconds, table.host(1, seconds)));
    let model =
        classical.as_deref().map(super::run::duration).transpose()?.map(|d| table.host(1, d.as_secs_f64()));
    let simulators: Vec<(&str, Band, Band)> = table
        .simulators()
        .into_iter()
        .map(|(place, joules)| {
            let energy = joules.scaled(gates as f64 * f64::from(qubits).exp2());
            (place, energy, crossover(shots, active, gates, joules))
        })
        .collect();
    let found = Found {
        name: &loaded.name,
        qubits,
        gates,
        shots,
        device,
        active,
        allocated,
        simulators,
        host,
        model,
    };
    if out.is_json() {
        out.json(&found.document());
    } else {
        found.print(out);
    }
    Ok(0)
}

/// Everything that is shown.
struct Found<'a> {
    name: &'a str,
    qubits: u32,
    gates: u64,
    shots: u64,
    device: &'a shotbook_sim::target::Device,
    active: Band,
    allocated: Band,
    simulators: Vec<(&'a str, Band, Band)>,
    host: Option<(f64, Band)>,
    model: Option<Band>,
}

impl Found<'_> {
    fn document(&self) -> serde_json::Value {
        let band =
            |b: &Band| json!({"low": b.low, "mid": b.mid, "high": b.high, "grade": b.grade.to_string()});
        let rows: Vec<_> = self
            .simulators
            .iter()
            .map(|(place, energy, n)| json!({"where": place, "joules": band(energy), "crossover_qubits": band(n)}))
            .collect();
        let shots = self.shots as f64;
        json!({"schema": "shotbook.energy/1", "qubits": self.qubits, "gates": self.gates, "shots": self.shots,
            "device": self.device.name, "technology": self.device.technology,
            "device_joules": band(&self.active.scaled(shots)),
            "device_joules_with_waiting": band(&self.allocated.scaled(shots)), "simulators": rows,
            "here": self.host.as_ref().map(|(seconds, b)| json!({"seconds": seconds, "joules": band(b), "basis": "cores x average watts"})),
            "classical_model": self.model.as_ref().map(band)})
    }

    fn print(&self, out: &mut Out) {
        let (device, shots) = (self.device, self.shots as f64);
        out.line(&format!(
            "{}: {} qubits, {} gates, {} shots",
            self.name, self.qubits, self.gates, self.shots
        ));
        let mut rows = vec![
            vec![
                format!("{} ({}), while it works", device.name, device.technology),
                self.active.scaled(shots).joules(),
                String::new(),
            ],
            vec![
                format!("{}, with its share of waiting", device.name),
                self.allocated.scaled(shots).joules(),
                String::new(),
            ],
        ];
        for (place, energy, n) in &self.simulators {
            rows.push(vec![
                format!("simulator: {place}"),
                energy.joules(),
                format!("{:.1} qubits ({:.1}-{:.1})", n.mid, n.low, n.high),
            ]);
        }
        if let Some((seconds, band)) = &self.host {
            rows.push(vec![
                format!("simulated here in {:.3} ms, one core x average watts", seconds * 1e3),
                band.joules(),
                String::new(),
            ]);
        }
        rows.push(match &self.model {
            Some(band) => {
                vec!["the classical model that solves the task".to_owned(), band.joules(), String::new()]
            }
            None => vec![
                "the classical model that solves the task".to_owned(),
                "unknown; --classical TIME".to_owned(),
                String::new(),
            ],
        });
        out.table(&["WHERE", "ENERGY", "MEETS THE DEVICE AT"], &[], rows);
        out.line(
            "An ideal device against the dumbest exact simulator: the reading most favourable to the device.",
        );
    }
}

/// Time of one simulation here with its shots. Units: seconds.
fn measure(circuit: &shotbook_sim::circuit::Circuit, values: &[f64], qubits: u32, shots: u64) -> Option<f64> {
    if qubits > TIMED_QUBITS {
        return None;
    }
    let mut prepared =
        engine::prepare(circuit, &Options { shots: Some(shots), ..Options::default() }).ok()?;
    let began = crate::time::monotonic_us();
    prepared.run(values, shots, 1).ok()?;
    Some((crate::time::monotonic_us() - began) as f64 / 1e6)
}
