//! The engines: one row each says when it fits, what it costs and how to make it.

use std::marker::PhantomData;

use crate::circuit::Circuit;
use crate::engine::amplitudes;
use crate::engine::cost;
use crate::engine::density_matrix::DensityMatrix;
use crate::engine::kernels;
use crate::engine::model::Engine;
use crate::engine::mps::{self, ChainRun, Mps};
use crate::engine::prepared::{Machine, Run, narrowed};
use crate::engine::runner::Runner;
use crate::engine::stabilizer::{self, CliffordRun, Stabilizer};
use crate::engine::state_vector::StateVector;
use crate::engine::{EngineChoice, Options, Precision, SimError};
use crate::plan::code::{self, Code, Inst};

/// What a circuit needs of an engine.
pub(crate) struct Needs {
    pub(crate) n_qubits: u32,
    pub(crate) n_ops: u64,
    /// Whether it has channels.
    pub(crate) noisy: bool,
    /// Operations on two qubits or more.
    pub(crate) n_joint: u64,
    /// Qubits of the widest operation.
    pub(crate) widest: u32,
    /// Random choices of a shot that are no final measurement, and chance that any falls out.
    pub(crate) choices: cost::Choices,
    /// Whether a result type asks for amplitudes.
    pub(crate) pure: bool,
    /// What is asked of amplitudes.
    pub(crate) precision: Precision,
    /// Shots of the runs to come, where known.
    pub(crate) shots: Option<u64>,
    /// What stands in the way of a tableau.
    pub(crate) clifford: Result<(), &'static str>,
    /// What a chain would cost.
    pub(crate) chain: Result<Forecast, &'static str>,
}

impl Needs {
    pub(crate) fn of(circuit: &Circuit, code: &Code, options: &Options<'_>) -> Self {
        let mut n_ops = 0;
        let mut noisy = false;
        let (n_joint, widest) = cost::joint(circuit, code);
        for inst in &code.insts {
            n_ops += match inst {
                Inst::Unitary { start, end, .. } => (end - start) as u64,
                _ => 1,
            };
            noisy |= matches!(inst, Inst::Noise(_));
        }
        let clifford = stabilizer::fits(circuit, code);
        let chain = match clifford {
            Ok(()) if !mps::is_asked(options) => Err("a tableau is exact for Clifford gates"),
            _ => mps::fits(circuit, code, options),
        };
        let choices = cost::Choices::of(circuit, code);
        let (n_qubits, shots, pure) = (circuit.n_qubits, options.shots, cost::wants_amplitudes(circuit));
        let precision = options.precision;
        Self { n_qubits, n_ops, noisy, n_joint, widest, choices, pure, precision, shots, clifford, chain }
    }
}

/// What an engine would spend.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    /// Memory of one state. Units: bytes; saturates.
    pub bytes: u64,
    /// Time of one shot or one exact answer, roughly. Units: microseconds.
    pub time_us: f64,
    /// How exact its numbers are; none where it keeps no amplitudes.
    pub precision: Option<Precision>,
}

impl Forecast {
    /// What a caller should know who asked for single precision.
    pub(crate) fn note(&self, asked: Precision) -> &'static str {
        match (asked, self.precision) {
            (Precision::Double, _) => "",
            (_, Some(Precision::Single)) => "; single precision",
            (_, Some(Precision::Double)) => "; double precision, it has no other",
            (_, None) => "; exact, it keeps no amplitudes",
        }
    }
}

/// A row: everything known about one engine.
pub(crate) struct Row {
    pub(crate) choice: EngineChoice,
    pub(crate) name: &'static str,
    /// What it would cost, or why it cannot.
    pub(crate) fits: fn(&Needs) -> Result<Forecast, &'static str>,
    pub(crate) make: for<'a> fn(&Circuit, Code, &Options<'a>) -> Box<dyn Run + Send + 'a>,
}

fn make<'a, E: Engine + 'static>(
    engine: E,
    circuit: &Circuit,
    code: Code,
    options: &Options<'a>,
    mixes: bool,
) -> Box<dyn Run + Send + 'a> {
    Box::new(Machine { runner: Runner::new(engine, circuit, code, mixes), options: options.clone() })
}

/// The state vector in the precision asked for, on some threads for one state.
fn amplitudes<'a>(
    circuit: &Circuit,
    code: Code,
    options: &Options<'a>,
    threads: usize,
) -> Box<dyn Run + Send + 'a> {
    let (n, cpu) = (circuit.n_qubits, kernels::cpu());
    match options.precision {
        Precision::Double => {
            make(StateVector::<f64> { n, cpu, threads, of: PhantomData }, circuit, code, options, false)
        }
        Precision::Single => {
            make(StateVector::<f32> { n, cpu, threads, of: PhantomData }, circuit, code, options, false)
        }
    }
}

/// Amplitudes that a sweep updates in a microsecond; measured on two cores of a Zen 4.
const AMPLITUDES_PER_US: f64 = 1000.0;

fn sweeps(needs: &Needs) -> Forecast {
    let (bits, precision) = (needs.n_qubits, needs.precision);
    let double_us = 2f64.powi(bits as i32) * needs.n_ops as f64 / AMPLITUDES_PER_US;
    let time_us = if precision == Precision::Single { 0.5 * double_us } else { double_us };
    Forecast { bytes: amplitudes::bytes(bits, precision), time_us, precision: Some(precision) }
}

/// All engines, the plainest first.
pub(crate) static ROWS: [Row; 5] = [
    Row {
        choice: EngineChoice::StateVector,
        name: StateVector::<f64>::NAME,
        fits: |needs| match needs.noisy {
            true => Err("the circuit has noise"),
            false => Ok(sweeps(needs)),
        },
        make: |circuit, code, options| {
            // Where branches part, threads take one branch each.
            let parts = cost::Choices::of(circuit, &code).count > 0;
            let threads = if parts { 1 } else { options.threads };
            amplitudes(circuit, code, options, threads)
        },
    },
    Row {
        choice: EngineChoice::DensityMatrix,
        name: DensityMatrix::NAME,
        fits: |needs| match needs.pure {
            true => Err("it keeps no amplitudes"),
            false => Ok(cost::density_matrix(needs)),
        },
        make: |circuit, code, options| {
            let (n, threads) = (circuit.n_qubits, options.threads);
            let engine = DensityMatrix::new(n, kernels::cpu(), threads);
            make(engine, circuit, code, options, true)
        },
    },
    Row {
        choice: EngineChoice::Trajectories,
        name: "trajectories",
        fits: |needs| match needs.noisy {
            true => Ok(cost::trajectories(needs, sweeps(needs))),
            false => Err("the circuit has no noise"),
        },
        make: |circuit, code, options| amplitudes(circuit, code, options, 1),
    },
    Row {
        choice: EngineChoice::Stabilizer,
        name: Stabilizer::NAME,
        fits: |needs| needs.clifford.map(|()| tableau(needs)),
        make: |circuit, code, options| {
            let runner = Runner::new(Stabilizer { n: circuit.n_qubits }, circuit, code, false);
            Box::new(CliffordRun { machine: Machine { runner, options: options.clone() } })
        },
    },
    Row {
        choice: EngineChoice::Mps,
        name: Mps::NAME,
        fits: |needs| needs.chain,
        make: |circuit, code, options| Box::new(ChainRun::new(circuit, code, options)),
    },
];

/// A tableau: few words a gate, and at most all its words for each qubit that is measured. With
/// noise it is made once, and frames share it and every gate among many shots.
fn tableau(needs: &Needs) -> Forecast {
    const SHARED_BY: f64 = 1000.0;
    let (n, words) = (f64::from(needs.n_qubits), f64::from(needs.n_qubits.div_ceil(64)));
    let gates = needs.n_ops as f64 * (0.02 + words / 1000.0);
    let once = 20.0 + gates + n * n * words / 1000.0;
    let time_us = if needs.noisy { once / SHARED_BY } else { once };
    Forecast { bytes: stabilizer::bytes(needs.n_qubits), time_us, precision: None }
}

/// What each engine would spend on a circuit, or why it cannot run it.
pub fn explain(
    circuit: &Circuit,
    options: &Options<'_>,
) -> Vec<(&'static str, Result<Forecast, &'static str>)> {
    let mut code = code::flatten(circuit);
    let narrow = narrowed(circuit, &code, options);
    if let Some(narrow) = &narrow {
        code = code::flatten(narrow);
    }
    let needs = Needs::of(narrow.as_ref().unwrap_or(circuit), &code, options);
    ROWS.iter()
        .enumerate()
        .map(|(at, row)| (row.name, (row.fits)(&needs).map(|f| options.speeds.here(at, f))))
        .collect()
}

/// The row to use, what it should spend, and why.
pub(crate) fn choose(
    needs: &Needs,
    options: &Options<'_>,
) -> Result<(&'static Row, Forecast, String), SimError> {
    let within = |row: &Row, forecast: Forecast| {
        if forecast.bytes <= options.max_memory {
            return Ok(());
        }
        Err(SimError::Memory {
            engine: row.name,
            qubits: needs.n_qubits,
            needed: forecast.bytes,
            allowed: options.max_memory,
        })
    };
    if options.engine != EngineChoice::Auto {
        let at = ROWS.iter().position(|r| r.choice == options.engine).unwrap_or(0);
        let row = &ROWS[at];
        let forecast = (row.fits)(needs)
            .map(|f| options.speeds.here(at, f))
            .map_err(|reason| SimError::Unfit { engine: row.name, reason: reason.into(), span: None })?;
        within(row, forecast)?;
        return Ok((row, forecast, format!("asked for{}", forecast.note(options.precision))));
    }
    let mut best: Option<(&Row, Forecast)> = None;
    let mut refusal = None;
    for (at, row) in ROWS.iter().enumerate() {
        let Ok(forecast) = (row.fits)(needs) else { continue };
        let forecast = options.speeds.here(at, forecast);
        match within(row, forecast) {
            Err(e) => refusal = refusal.or(Some(e)),
            Ok(()) if best.is_none_or(|(_, b)| forecast.time_us < b.time_us) => best = Some((row, forecast)),
            Ok(()) => {}
        }
    }
    match (best, refusal) {
        (Some((row, forecast)), _) => {
            let reason = cost::reason(needs, row.choice) + forecast.note(options.precision);
            Ok((row, forecast, reason))
        }
        (None, Some(refusal)) => Err(refusal),
        (None, None) => Err(SimError::Unfit {
            engine: "auto",
            reason: "no engine knows everything that the circuit asks for".into(),
            span: None,
        }),
    }
}
