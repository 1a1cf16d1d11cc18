//! What the engines for noise would spend, from counts of the circuit.

use crate::circuit::{Angle, Circuit, Op};
use crate::engine::table::{Forecast, Needs};
use crate::engine::{EngineChoice, Precision, density_matrix};
use crate::noise::Channel;
use crate::plan::code::{self, Code, Inst};
use crate::result::ResultType;

/// Shots that are assumed where none are known.
const USUAL_SHOTS: u64 = 1000;
/// Coefficients that one pass of the density matrix updates in a microsecond; measured on two
/// cores of a Zen 4, states in memory.
const COEFFICIENTS_PER_US: f64 = 700.0;
/// Time that an operation costs however small the state is. Units: microseconds.
const STEP_US: f64 = 0.5;

/// Random choices of one shot.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Choices {
    /// How many.
    pub(crate) count: u64,
    /// Expected number of them that do not fall on their likeliest outcome.
    pub(crate) surprises: f64,
    /// Product of the numbers of outcomes, as a power of 2.
    pub(crate) bits: f64,
}

impl Choices {
    /// Of channels, resets and measurements that are not final, loops taken once.
    pub(crate) fn of(circuit: &Circuit, code: &Code) -> Self {
        let mut all = Self::default();
        for inst in &code.insts {
            let (outcomes, surprise) = match inst {
                Inst::Noise(Op::Noise { channel, params, .. }) => surprise(circuit, *channel, *params),
                Inst::Noise(Op::Kraus { count, .. }) => (f64::from(*count), 0.5),
                Inst::Measure { terminal: false, .. } | Inst::Reset { .. } => (2.0, 0.5),
                _ => continue,
            };
            all.count += 1;
            all.surprises += surprise;
            all.bits += outcomes.log2();
        }
        all
    }
}

/// Outcomes of a named channel, and chance of any but the likeliest; angles not known yet count
/// as a hundredth.
fn surprise(circuit: &Circuit, channel: Channel, params: u32) -> (f64, f64) {
    let row = channel.row();
    let first = params as usize;
    let known: Vec<f64> = circuit.angles[first..first + usize::from(row.n_params)]
        .iter()
        .map(|a| if let Angle::Fixed(x) = a { x.clamp(0.0, 1.0) } else { 0.01 })
        .collect();
    let chance = match channel {
        Channel::PauliChannel => known.iter().sum::<f64>(),
        _ => known[0],
    };
    (f64::from(1 << (2 * row.n_qubits)), chance.clamp(0.0, 1.0))
}

/// Operations on two qubits or more, and qubits of the widest.
pub(crate) fn joint(circuit: &Circuit, code: &Code) -> (u64, u32) {
    let (mut count, mut widest) = (0, 0);
    let mut see = |op: &Op| {
        let k = code::qubits_of(circuit, op).len();
        count += u64::from(k > 1);
        widest = widest.max(k as u32);
    };
    for inst in &code.insts {
        match inst {
            Inst::Unitary { block, start, end } => {
                code::block(circuit, *block).ops[*start..*end].iter().for_each(&mut see);
            }
            Inst::Noise(op) => see(op),
            _ => {}
        }
    }
    (count, widest)
}

/// Whether a result type asks for amplitudes or for derivatives of a pure state.
pub(crate) fn wants_amplitudes(circuit: &Circuit) -> bool {
    circuit.results.iter().any(|r| {
        matches!(
            r.kind,
            ResultType::StateVector | ResultType::Amplitude(_) | ResultType::AdjointGradient { .. }
        )
    })
}

/// One pass for each operation that joins qubits; those of one qubit ride along.
pub(crate) fn density_matrix(needs: &Needs) -> Forecast {
    let passes = needs.n_joint as f64 + f64::from(needs.n_qubits) / 3.0;
    let size = 4f64.powi(needs.n_qubits.min(400) as i32);
    let time_us = passes * size / COEFFICIENTS_PER_US + STEP_US * needs.n_ops as f64;
    let bytes = density_matrix::bytes(needs.n_qubits, needs.widest);
    Forecast { bytes, time_us, precision: Some(Precision::Double) }
}

/// Shots that agree in every choice are one trajectory; a trajectory leaves the likeliest one, on
/// average, in the middle of the circuit. Without shots every outcome of every choice is one.
pub(crate) fn trajectories(needs: &Needs, sweep: Forecast) -> Forecast {
    let runs = distinct(needs);
    // Each choice of an ensemble that is no mixture reads the state first.
    let one = sweep.time_us + STEP_US * needs.n_ops as f64;
    Forecast { time_us: one * (1.0 + 0.5 * (runs - 1.0)), ..sweep }
}

/// Expected number of different trajectories.
pub(crate) fn distinct(needs: &Needs) -> f64 {
    let most = needs.choices.bits.min(1000.0).exp2();
    match needs.shots.unwrap_or(USUAL_SHOTS) {
        0 => most,
        shots => (1.0 + shots as f64 * (1.0 - (-needs.choices.surprises).exp())).min(most),
    }
}

/// Why an engine was chosen, in words.
pub(crate) fn reason(needs: &Needs, chosen: EngineChoice) -> String {
    let n = needs.n_qubits;
    let size = format!("{n} qubit{}", if n == 1 { "" } else { "s" });
    let size = match needs.shots {
        Some(0) => format!("{size}, exact"),
        Some(shots) => format!("{size}, {} shots", thousands(shots)),
        None => size,
    };
    let runs = distinct(needs);
    let runs = if runs < 1e9 { thousands(runs.round() as u64) } else { "countless".into() };
    match chosen {
        EngineChoice::DensityMatrix if needs.noisy => format!("{size}: cheaper than {runs} trajectories"),
        EngineChoice::Trajectories => format!("{size}: {runs} trajectories, cheaper than a density matrix"),
        _ => format!("cheapest for {size}"),
    }
}

/// `1,234,567`.
fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
