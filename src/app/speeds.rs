//! What the engines take on this machine against what is forecast, measured once and kept.

use std::fmt::Write as _;
use std::path::Path;

use serde::Deserialize;
use shotbook_sim::engine::{self, EngineChoice, Options, Speeds, Watch};
use shotbook_sim::qasm::{self, Inputs, ParseOptions};

use crate::config::Config;
use crate::time;

/// Rounds of each measurement; the median counts.
const ROUNDS: usize = 3;

/// One engine on its circuit. Units: microseconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// Its name.
    pub engine: &'static str,
    /// What is forecast where nothing was measured.
    pub forecast_us: f64,
    /// What it took.
    pub took_us: f64,
}

impl Measured {
    /// Time taken over time forecast.
    pub fn factor(&self) -> f64 {
        (self.took_us.max(1.0) / self.forecast_us.max(1e-3)).clamp(1e-4, 1e4)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    speeds: std::collections::BTreeMap<String, f64>,
}

/// The speeds that were kept; those of the forecasts where none were, or where they are not readable.
pub fn known() -> Speeds {
    Config::read().speeds_path().and_then(|path| kept(&path)).ok().flatten().unwrap_or_default()
}

/// The speeds of a file; none where there is no file.
///
/// # Errors
/// Another shape, an engine that does not exist, a factor that is none.
pub fn kept(path: &Path) -> Result<Option<Speeds>, String> {
    match std::fs::read_to_string(path) {
        Ok(text) => read(&text).map(Some).map_err(|why| format!("{}: {why}", path.display())),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(format!("{}: {e}", path.display())),
    }
}

fn read(text: &str) -> Result<Speeds, String> {
    let file: File = toml::from_str(text).map_err(|e| e.message().replace('\n', " "))?;
    let mut out = Speeds::default();
    for (engine, factor) in file.speeds {
        if !out.note(&engine, factor) {
            return Err(format!("{engine} = {factor} is no engine with a factor above 0"));
        }
    }
    Ok(out)
}

/// The text of a file of speeds.
pub fn written(measured: &[Measured]) -> String {
    let mut out = String::from(
        "# Time taken over time forecast, measured by `shotbook doctor --calibrate`.\n[speeds]\n",
    );
    for m in measured {
        let _ = writeln!(out, "{} = {:.4}", m.engine, m.factor());
    }
    out
}

/// Runs each engine on a circuit of its kind, some seconds in all.
///
/// # Errors
/// Stopped by the watch.
pub fn measure(watch: &dyn Watch) -> Result<Vec<Measured>, String> {
    let here = super::session::simulation();
    Speeds::engines().map(|(name, choice)| one(name, choice, &here, watch)).collect()
}

fn one<'a>(
    engine: &'static str,
    choice: EngineChoice,
    here: &Options<'a>,
    watch: &'a dyn Watch,
) -> Result<Measured, String> {
    let (text, shots) = circuit(choice);
    let read = qasm::read(engine, &*text, &ParseOptions::default(), &Inputs::new());
    let circuit = read.circuit.ok_or_else(|| format!("{:?}", read.diagnostics))?;
    let speeds = Speeds::default();
    let options = Options { engine: choice, shots: Some(shots), speeds, watch: Some(watch), ..here.clone() };
    let mut prepared = engine::prepare(&circuit, &options).map_err(|e| e.to_string())?;
    let mut times = Vec::with_capacity(ROUNDS);
    for seed in 0..ROUNDS as u64 {
        let began = time::monotonic_us();
        prepared.run(&[], shots, seed).map_err(|e| e.to_string())?;
        times.push((time::monotonic_us() - began) as f64);
    }
    times.sort_by(f64::total_cmp);
    Ok(Measured { engine, forecast_us: prepared.forecast().time_us, took_us: times[ROUNDS / 2] })
}

/// A circuit that an engine is made for, some tens of milliseconds long, and its shots.
fn circuit(choice: EngineChoice) -> (String, u64) {
    let turn = |q: usize, layer: usize| format!("ry(0.{}) q[{q}]; rz(0.{}) q[{q}];\n", 3 + layer, 1 + q % 7);
    let noise =
        |q: usize, _: usize| format!("ry(0.3) q[{q}];\n#pragma braket noise depolarizing(0.01) q[{q}]\n");
    let clifford = |q: usize, layer: usize| {
        format!("{} q[{q}];\n", if (q + layer).is_multiple_of(3) { "s" } else { "h" })
    };
    match choice {
        EngineChoice::DensityMatrix => (bricks(8, 4, noise), 1),
        EngineChoice::Trajectories => (bricks(12, 4, noise), 300),
        EngineChoice::Stabilizer => (bricks(300, 20, clifford), 1000),
        EngineChoice::Mps => (bricks(30, 4, turn), 1),
        EngineChoice::StateVector | EngineChoice::Auto => (bricks(20, 8, turn), 1),
    }
}

/// Layers of gates on each qubit and a pair gate on every other pair of neighbours.
fn bricks(n: usize, layers: usize, each: impl Fn(usize, usize) -> String) -> String {
    let mut out = format!("OPENQASM 3.0;\nbit[{n}] c;\nqubit[{n}] q;\n");
    for layer in 0..layers {
        (0..n).for_each(|q| out.push_str(&each(q, layer)));
        for q in (layer % 2..n - 1).step_by(2) {
            let _ = writeln!(out, "cnot q[{q}], q[{}];", q + 1);
        }
    }
    out.push_str("c = measure q;\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Never;

    impl Watch for Never {
        fn now_us(&self) -> u64 {
            0
        }

        fn stopped(&self) -> bool {
            false
        }

        fn progress(&self, _done: f64) {}
    }

    #[test]
    fn every_engine_is_measured_and_what_is_written_can_be_read() {
        let measured = measure(&Never).unwrap();
        assert_eq!(measured.len(), Speeds::engines().count());
        let speeds = read(&written(&measured)).unwrap();
        for m in &measured {
            let known = speeds.of(m.engine).unwrap();
            assert!((known / m.factor() - 1.0).abs() < 0.5, "{m:?} {known}");
        }
    }

    #[test]
    fn a_file_of_another_shape_is_refused() {
        assert_eq!(read("[speeds]\nmps = 2.0").unwrap().of("mps"), Some(2.0));
        for wrong in
            ["", "[speeds]\nabacus = 1.0", "[speeds]\nmps = -1.0", "[speeds]\nmps = nan", "speeds = 3"]
        {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
