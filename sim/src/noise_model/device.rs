//! Noise of a device from the fidelities that its maker or a benchmark published.

use super::{GateRule, NoiseModel, ReadoutRule};
use crate::circuit::{Circuit, Op};
use crate::target::Device;

/// Published averages or medians of one device. Units: fidelities from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fidelities {
    /// Short name of the device.
    pub device: &'static str,
    /// Average gate fidelity of one-qubit gates, rotations about Z apart.
    pub one: f64,
    /// Average gate fidelity of the native two-qubit gate.
    pub two: f64,
    /// Chance of reading a basis state right, preparation included.
    pub readout: f64,
    /// Where the numbers are published.
    pub source: &'static str,
    /// How far to trust them for the device of today: `high`, `medium`, `low`.
    pub confidence: &'static str,
}

/// Devices with published numbers; they change with every calibration.
static PUBLISHED: [Fidelities; 4] = [
    Fidelities {
        device: "garnet",
        one: 0.9990,
        two: 0.9951,
        readout: 0.97,
        source: "IQM 2024: median CZ 99.51 % over 30 pairs; benchmarks in arXiv:2408.12433",
        confidence: "medium",
    },
    Fidelities {
        device: "emerald",
        one: 0.9993,
        two: 0.995,
        readout: 0.97,
        source: "announcement of the device, July 2025; readout taken from Garnet",
        confidence: "low",
    },
    Fidelities {
        device: "forte-1",
        one: 0.9998,
        two: 0.9954,
        readout: 0.995,
        source: "Chen et al. 2023, arXiv:2308.05071: 30 qubits, direct randomized benchmarking",
        confidence: "medium",
    },
    Fidelities {
        device: "forte-enterprise-1",
        one: 0.9998,
        two: 0.9954,
        readout: 0.995,
        source: "taken from Forte 1: the same design",
        confidence: "low",
    },
];

/// Gates that a device carries out by renaming its phases, without error.
const VIRTUAL: [&str; 9] = ["i", "z", "s", "si", "t", "ti", "rz", "phaseshift", "gphase"];

/// What is published of a device; `None` where nothing is.
pub fn of_device(device: &Device) -> Option<&'static Fidelities> {
    PUBLISHED.iter().find(|f| f.device == device.name)
}

impl Fidelities {
    /// Depolarizing behind gates and symmetric wrong readings that give these fidelities.
    pub fn model(&self) -> NoiseModel {
        let except: Vec<String> = VIRTUAL.iter().map(|&n| n.to_owned()).collect();
        let one = GateRule { on: Some(1), fidelity: Some(self.one), except, ..GateRule::default() };
        let several =
            [2, 3].map(|k| GateRule { on: Some(k), fidelity: Some(self.two), ..GateRule::default() });
        let wrong = 1.0 - self.readout;
        NoiseModel {
            gate: std::iter::once(one).chain(several).collect(),
            readout: vec![ReadoutRule { qubits: Vec::new(), one_of_zero: wrong, zero_of_one: wrong }],
            idle: Vec::new(),
        }
    }
}

impl Fidelities {
    /// Chance that at least one gate or reading of a circuit goes wrong, each on its own and the
    /// circuit as it is written, before any routing. Units: none, from 0 to 1.
    pub fn expected_error(&self, circuit: &Circuit) -> f64 {
        let (mut right, mut read) = (1.0f64, 0u32);
        circuit.walk(&mut |op, _| match op {
            Op::Gate(gate) => {
                let qubits = circuit.gate_qubits(gate).len();
                let virtually = qubits <= 1 && VIRTUAL.contains(&gate.gate.row().name);
                right *= if virtually { 1.0 } else { self.of_gate(qubits) };
            }
            Op::Unitary { qubits, .. } => right *= self.of_gate(circuit.qubit_range(*qubits).len()),
            Op::Measure { .. } => read += 1,
            _ => {}
        });
        let read = if read == 0 { circuit.n_qubits } else { read };
        1.0 - right * self.readout.powi(i32::try_from(read).unwrap_or(i32::MAX))
    }

    fn of_gate(&self, qubits: usize) -> f64 {
        if qubits <= 1 { self.one } else { self.two }
    }
}

impl NoiseModel {
    /// The model of a device's published fidelities; `None` where nothing is published, and for
    /// simulators.
    pub fn of_device(device: &Device) -> Option<Self> {
        of_device(device).map(Fidelities::model)
    }
}
