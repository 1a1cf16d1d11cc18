//! Whether a circuit is one of Clifford gates, measurements and Pauli noise.

use crate::circuit::{Angle, Circuit, Op};
use crate::engine::stabilizer::clifford;
use crate::noise::Channel;
use crate::plan::code::{self, Code, Inst};
use crate::plan::dense;
use crate::result::{Factor, Observable, ResultType};

/// Qubits of the largest table of probabilities that is given.
const PROBABILITY_QUBITS: usize = 20;
/// Qubits of the largest density matrix that is given.
const DENSITY_QUBITS: usize = 6;

/// Says what stands in the way, if anything does.
pub(crate) fn fits(circuit: &Circuit, code: &Code) -> Result<(), &'static str> {
    let mut pauli: Vec<Channel> = Vec::new();
    for inst in &code.insts {
        match inst {
            Inst::Unitary { block, start, end } => {
                for op in &code::block(circuit, *block).ops[*start..*end] {
                    unitary(circuit, op)?;
                }
            }
            Inst::Noise(Op::Noise { channel, .. }) if pauli.contains(channel) => {}
            Inst::Noise(op) => {
                noise(circuit, op)?;
                if let Op::Noise { channel, .. } = op {
                    pauli.push(*channel);
                }
            }
            _ => {}
        }
    }
    circuit.results.iter().try_for_each(|r| result(circuit, &r.kind))
}

fn unitary(c: &Circuit, op: &Op) -> Result<(), &'static str> {
    let is_clifford = match op {
        Op::Gate(g) => {
            let mut angles = [0.0; 3];
            for (out, angle) in angles.iter_mut().zip(c.gate_angles(g)) {
                let Angle::Fixed(x) = angle else { return Err("an angle is only known in the run") };
                *out = *x;
            }
            let angles = &angles[..usize::from(g.gate.row().n_angles)];
            clifford::of_gate(g.gate, usize::from(g.n_controls), g.negative, angles).is_some()
        }
        Op::Unitary { matrix, qubits, n_controls } => {
            let own = &c.matrices[matrix.0 as usize].entries;
            qubits.len as usize <= clifford::MOST_QUBITS
                && clifford::elements(&dense::controlled(own, usize::from(*n_controls), 0)).is_some()
        }
        _ => true,
    };
    if is_clifford { Ok(()) } else { Err("a gate is no Clifford gate") }
}

fn noise(c: &Circuit, op: &Op) -> Result<(), &'static str> {
    let is_pauli = match op {
        // Which operators a channel has does not depend on its probabilities.
        Op::Noise { channel, .. } => {
            let row = channel.row();
            let params = [0.01, 0.02, 0.03];
            (row.kraus)(&params[..usize::from(row.n_params)]).iter().all(|k| clifford::pauli_of(k).is_some())
        }
        Op::Kraus { first, count, .. } => (first.0..first.0 + u32::from(*count))
            .all(|k| clifford::pauli_of(&c.matrices[k as usize].entries).is_some()),
        _ => true,
    };
    if is_pauli { Ok(()) } else { Err("a channel is no mixture of Paulis") }
}

fn result(c: &Circuit, kind: &ResultType) -> Result<(), &'static str> {
    let within = |targets: &Option<Vec<u32>>, most: usize| {
        targets.as_ref().map_or(c.n_qubits as usize, Vec::len) <= most
    };
    let pauli =
        |o: &Observable| o.factors.iter().all(|(f, _)| !matches!(f, Factor::H | Factor::Hermitian(_)));
    match kind {
        ResultType::StateVector | ResultType::Amplitude(_) => Err("a tableau keeps no amplitudes"),
        ResultType::Probability(t) if !within(t, PROBABILITY_QUBITS) => {
            Err("probabilities of more than 20 qubits are asked")
        }
        ResultType::DensityMatrix(t) if !within(t, DENSITY_QUBITS) => {
            Err("a density matrix of more than 6 qubits is asked")
        }
        ResultType::Expectation(o) | ResultType::Variance(o) | ResultType::Sample(o) if !pauli(o) => {
            Err("an observable is no product of Paulis")
        }
        ResultType::AdjointGradient { .. } => Err("it has no gradients"),
        _ => Ok(()),
    }
}
