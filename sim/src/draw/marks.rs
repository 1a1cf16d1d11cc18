//! What stands on the wires: the marks of one operation, and its numbers as text.

use std::f64::consts::PI;

use crate::circuit::{Angle, Circuit, Gate, GateOp, Op, QubitLabels};
use crate::noise::Channel;
use crate::result::{Factor, Observable, ResultType};

/// What one qubit shows of an operation.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Mark {
    /// Acts when 1.
    Control,
    /// Acts when 0.
    OpenControl,
    /// Flipped by controls.
    Target,
    /// One end of an exchange.
    Cross,
    /// A named box.
    Box(String),
    /// A named box with noise in it.
    Noise(String),
    /// A meter, with the bit that takes the outcome.
    Meter(Option<String>),
    /// Back to 0.
    Reset,
    /// Nothing moves across.
    Barrier,
}

/// The marks of an operation that has a place on the wires, with their qubits.
pub(super) fn marks(circuit: &Circuit, op: &Op) -> Vec<(u32, Mark)> {
    match op {
        Op::Gate(gate) => gate_marks(circuit, gate),
        Op::Unitary { qubits, n_controls, .. } => {
            let all = circuit.qubit_range(*qubits).iter().copied();
            let n = usize::from(*n_controls);
            all.enumerate().map(|(i, q)| (q, if i < n { Mark::Control } else { boxed("U") })).collect()
        }
        Op::Measure { qubit, bit } => vec![(*qubit, Mark::Meter(bit.map(|b| bit_name(circuit, b))))],
        Op::Reset { qubit } => vec![(*qubit, Mark::Reset)],
        Op::Noise { channel, qubits, params } => {
            let row = channel.row();
            let angles = &circuit.angles[*params as usize..*params as usize + usize::from(row.n_params)];
            let label = format!("{}({})", short(*channel), angle_list(circuit, angles, number));
            let (start, n) = (*qubits as usize, usize::from(row.n_qubits));
            let on = &circuit.qubits[start..start + n];
            on.iter().map(|q| (*q, Mark::Noise(label.clone()))).collect()
        }
        Op::Kraus { qubits, .. } => {
            circuit.qubit_range(*qubits).iter().map(|q| (*q, Mark::Noise("KR".to_owned()))).collect()
        }
        Op::Barrier { qubits } => {
            let on = circuit.qubit_range(*qubits);
            let all: Vec<u32> = if on.is_empty() { (0..circuit.n_qubits).collect() } else { on.to_vec() };
            all.into_iter().map(|q| (q, Mark::Barrier)).collect()
        }
        Op::Delay { qubits, seconds } => {
            let on = circuit.qubit_range(*qubits);
            let time =
                circuit.angles.get(*seconds as usize).map_or_else(String::new, |a| duration(circuit, *a));
            let all: Vec<u32> = if on.is_empty() { (0..circuit.n_qubits).collect() } else { on.to_vec() };
            all.into_iter().map(|q| (q, boxed(&format!("wait {time}")))).collect()
        }
        _ => Vec::new(),
    }
}

fn boxed(text: &str) -> Mark {
    Mark::Box(text.to_owned())
}

fn gate_marks(circuit: &Circuit, op: &GateOp) -> Vec<(u32, Mark)> {
    let qubits = circuit.gate_qubits(op);
    let (controls, own) = qubits.split_at(usize::from(op.n_controls));
    let mut out: Vec<_> = controls
        .iter()
        .enumerate()
        .map(|(k, q)| (*q, if op.negative >> k & 1 == 1 { Mark::OpenControl } else { Mark::Control }))
        .collect();
    let angles = angle_list(circuit, circuit.gate_angles(op), angle);
    let symbols = op.gate.row().symbol;
    let controlled = !controls.is_empty() || symbols.contains(&"●");
    for (q, symbol) in own.iter().zip(symbols) {
        out.push((*q, own_mark(op.gate, symbol, controlled, &angles)));
    }
    if own.is_empty() && !controls.is_empty() {
        // A controlled global phase is a phase on its last control.
        let last = out.len() - 1;
        out[last].1 = boxed(&format!("P({angles})"));
    }
    out
}

fn own_mark(gate: Gate, symbol: &str, controlled: bool, angles: &str) -> Mark {
    match symbol {
        "●" => Mark::Control,
        "○" => Mark::OpenControl,
        "×" => Mark::Cross,
        "X" if controlled => Mark::Target,
        "Z" if gate == Gate::Cz => Mark::Control,
        _ if angles.is_empty() => boxed(symbol),
        _ => Mark::Box(format!("{symbol}({angles})")),
    }
}

/// The usual abbreviation of a channel.
fn short(channel: Channel) -> &'static str {
    match channel {
        Channel::BitFlip => "BF",
        Channel::PhaseFlip => "PF",
        Channel::Depolarizing => "DEPO",
        Channel::PauliChannel => "PC",
        Channel::AmplitudeDamping => "AD",
        Channel::PhaseDamping => "PD",
        Channel::GeneralizedAmplitudeDamping => "GAD",
        Channel::TwoQubitDepolarizing => "DEPO2",
        Channel::TwoQubitDephasing => "DEPH2",
    }
}

/// How the program writes a bit.
pub(super) fn bit_name(circuit: &Circuit, bit: u32) -> String {
    match circuit.registers.iter().find(|r| (r.first..r.first + r.size).contains(&bit)) {
        Some(r) if r.size == 1 => r.name.clone(),
        Some(r) => format!("{}[{}]", r.name, bit - r.first),
        None => format!("bit {bit}"),
    }
}

/// How the program writes a qubit.
pub(super) fn qubit_name(circuit: &Circuit, qubit: u32) -> String {
    match &circuit.labels {
        QubitLabels::Physical(labels) => {
            labels.get(qubit as usize).map_or_else(|| qubit.to_string(), |l| format!("${l}"))
        }
        QubitLabels::Registers(registers) => {
            let mut first = 0;
            for (name, size) in registers {
                if qubit < first + size {
                    return if *size == 1 { name.clone() } else { format!("{name}[{}]", qubit - first) };
                }
                first += size;
            }
            qubit.to_string()
        }
    }
}

fn angle_list(circuit: &Circuit, angles: &[Angle], show: fn(f64) -> String) -> String {
    let texts: Vec<_> = angles.iter().map(|a| slot(circuit, *a, show)).collect();
    texts.join(", ")
}

fn slot(circuit: &Circuit, of: Angle, show: fn(f64) -> String) -> String {
    match of {
        Angle::Fixed(value) => show(value),
        Angle::Affine { input, scale, offset } => {
            let name = circuit.inputs.get(input as usize).map_or("?", |i| i.name.as_str());
            let product = match scale {
                1.0 => name.to_owned(),
                -1.0 => format!("-{name}"),
                _ => format!("{}{name}", number(scale)),
            };
            match offset {
                0.0 => product,
                o if o < 0.0 => format!("{product}-{}", show(-o)),
                o => format!("{product}+{}", show(o)),
            }
        }
        Angle::Expr(_) => "ƒ".to_owned(),
    }
}

fn duration(circuit: &Circuit, of: Angle) -> String {
    slot(circuit, of, |seconds| {
        let units = [("s", 1.0), ("ms", 1e-3), ("µs", 1e-6), ("ns", 1e-9)];
        let (unit, size) = units.into_iter().find(|(_, s)| seconds >= *s).unwrap_or(units[3]);
        format!("{}{unit}", number(seconds / size))
    })
}

/// An angle as a small fraction of pi where it is one, else with four digits.
pub(super) fn angle(value: f64) -> String {
    const PARTS: [f64; 9] = [1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 32.0];
    for part in PARTS {
        let whole = value / PI * part;
        if whole.round() != 0.0 && (whole - whole.round()).abs() < 1e-9 && whole.abs() < 64.0 {
            let sign = if whole < 0.0 { "-" } else { "" };
            let top = match whole.round().abs() {
                1.0 => "π".to_owned(),
                n => format!("{n}π"),
            };
            return if part == 1.0 { format!("{sign}{top}") } else { format!("{sign}{top}/{part}") };
        }
    }
    number(value)
}

/// A number with at most four digits that matter.
pub(super) fn number(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return format!("{}", value + 0.0);
    }
    let exponent = value.abs().log10().floor();
    if (-4.0..6.0).contains(&exponent) {
        let decimals = (3.0 - exponent).max(0.0) as usize;
        let text = format!("{value:.decimals$}");
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
    } else {
        format!("{value:.3e}")
    }
}

/// A result request in the words of its pragma.
pub(super) fn request(circuit: &Circuit, of: &ResultType) -> String {
    let on = |qubits: &Option<Vec<u32>>| match qubits {
        None => "all".to_owned(),
        Some(list) => list.iter().map(|q| qubit_name(circuit, *q)).collect::<Vec<_>>().join(", "),
    };
    match of {
        ResultType::StateVector => "state_vector".to_owned(),
        ResultType::DensityMatrix(qubits) => format!("density_matrix {}", on(qubits)),
        ResultType::Probability(qubits) => format!("probability {}", on(qubits)),
        ResultType::Amplitude(states) => {
            let list: Vec<_> = states.iter().map(|s| format!("\"{s}\"")).collect();
            format!("amplitude {}", list.join(", "))
        }
        ResultType::Expectation(o) => format!("expectation {}", observable(circuit, o)),
        ResultType::Variance(o) => format!("variance {}", observable(circuit, o)),
        ResultType::Sample(o) => format!("sample {}", observable(circuit, o)),
        ResultType::AdjointGradient { terms, .. } => {
            let list: Vec<_> =
                terms.iter().map(|(c, o)| format!("{}·{}", number(*c), observable(circuit, o))).collect();
            format!("adjoint_gradient {}", list.join(" + "))
        }
    }
}

fn observable(circuit: &Circuit, of: &Observable) -> String {
    let factors = of.factors.iter().map(|(factor, qubits)| {
        let name = match factor {
            Factor::I => "i",
            Factor::X => "x",
            Factor::Y => "y",
            Factor::Z => "z",
            Factor::H => "h",
            Factor::Hermitian(_) => "hermitian",
        };
        let on: Vec<_> = qubits.iter().map(|q| qubit_name(circuit, *q)).collect();
        format!("{name}({})", on.join(", "))
    });
    factors.collect::<Vec<_>>().join(" @ ")
}
