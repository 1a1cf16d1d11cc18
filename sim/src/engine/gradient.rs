//! Derivatives of a Pauli sum by all angles, from one walk forth and one back.
//!
//! Source: Jones and Gacon, "Efficient calculation of gradients in classical simulations of
//! variational quantum algorithms", 2020. Two registers: the state and the observable times the
//! state; the generator of a gate is a Pauli sum, so its part is read without a third.

use num_complex::Complex64;
use smallvec::SmallVec;

use crate::circuit::{Angle, Gate, Op};
use crate::engine::amplitudes::Amplitudes;
use crate::engine::kernels::{Cpu, Real};
use crate::engine::state_vector::{masks, real_of_turned};
use crate::engine::{Options, SimError};
use crate::pauli::{Pauli, PauliString, PauliSum};
use crate::plan::Segment;
use crate::plan::step::{self, Step, Where};

/// An angle's value and how it changes with the angles of the circuit.
#[derive(Clone, Default)]
struct Slot {
    value: f64,
    parts: SmallVec<[(usize, f64); 3]>,
}

/// Steps that are undone together, with the angle they depend on.
struct Piece {
    steps: Vec<Step>,
    /// Derivative by an angle: its generator under a condition.
    turn: Option<Turn>,
}

struct Turn {
    generator: Vec<(f64, PauliString)>,
    on: Where,
    parts: SmallVec<[(usize, f64); 3]>,
}

/// Mean of a sum after the segments, and its derivative by every angle of the circuit.
pub(crate) fn adjoint<F: Real>(
    n: u32,
    cpu: Cpu,
    segments: &[Segment<'_>],
    sum: &PauliSum,
    options: &Options<'_>,
) -> Result<(f64, Vec<f64>), SimError> {
    let mut pieces = Vec::new();
    let mut n_angles = 0;
    for segment in segments {
        n_angles = segment.circuit.angles.len();
        for op in segment.ops {
            collect(n, segment, op, &mut pieces);
        }
    }
    let mut state = Amplitudes::<F>::zero(n, cpu);
    for piece in &pieces {
        state.apply(&piece.steps, options)?;
    }
    let mut other = state.times(sum.terms.iter().map(|(weight, string)| {
        let (x, z, y) = masks(n, string);
        (x, z, Complex64::i().powu(y) * weight)
    }));
    let mean = state.overlap(&other, 0, 0, Where::default()).re;
    let mut out = vec![0.0; n_angles];
    for piece in pieces.iter().rev() {
        if let Some(turn) = &piece.turn {
            let derivative: f64 = turn
                .generator
                .iter()
                .map(|(weight, string)| {
                    let (x, z, y) = masks(n, string);
                    // The real part of i times the sandwich.
                    2.0 * weight * real_of_turned(state.overlap(&other, x, z, turn.on), y + 1)
                })
                .sum();
            for &(slot, factor) in &turn.parts {
                out[slot] += factor * derivative;
            }
        }
        let undo: Vec<Step> = piece.steps.iter().rev().map(Step::inverse).collect();
        state.apply(&undo, options)?;
        other.apply(&undo, options)?;
    }
    Ok((mean, out))
}

fn collect(n: u32, segment: &Segment<'_>, op: &Op, pieces: &mut Vec<Piece>) {
    if let Op::Gate(g) = op {
        let first = g.angles as usize;
        let angles = segment.circuit.gate_angles(g);
        if !angles.iter().all(|a| matches!(a, Angle::Fixed(_))) {
            let slots: Vec<Slot> = (0..angles.len())
                .map(|k| Slot {
                    value: segment.angles[first + k],
                    parts: [(first + k, 1.0)].into_iter().collect(),
                })
                .collect();
            let (outer, own) = segment.circuit.gate_qubits(g).split_at(usize::from(g.n_controls));
            return split(n, g.gate, own, step::controls(n, outer, g.negative), &slots, pieces);
        }
    }
    let one = Segment { ops: std::slice::from_ref(op), ..*segment };
    pieces.push(Piece { steps: step::lower(&one, n), turn: None });
}

/// Breaks a gate into gates of one angle with a generator, and gates of none.
fn split(n: u32, gate: Gate, qubits: &[u32], on: Where, slots: &[Slot], pieces: &mut Vec<Piece>) {
    let row = gate.row();
    if slots.iter().all(|s| s.parts.is_empty()) || row.generator.is_some() {
        let angles: SmallVec<[f64; 3]> = slots.iter().map(|s| s.value).collect();
        let turn = row.generator.filter(|_| !slots.is_empty()).map(|words| Turn {
            generator: words.iter().map(|(weight, word)| (*weight, string(word, qubits))).collect(),
            on,
            parts: slots[0].parts.clone(),
        });
        return pieces.push(Piece { steps: step::gate_steps(n, gate, qubits, on, &angles), turn });
    }
    for part in row.decomposition {
        let inner: Vec<u32> = part.qubits.iter().map(|&q| qubits[usize::from(q)]).collect();
        let values: Vec<f64> = slots.iter().map(|s| s.value).collect();
        let angles: Vec<Slot> = part
            .angles
            .iter()
            .map(|linear| Slot {
                value: linear.of(&values),
                parts: slots
                    .iter()
                    .zip(linear.factors)
                    .filter(|(_, f)| *f != 0.0)
                    .flat_map(|(s, f)| s.parts.iter().map(move |&(slot, g)| (slot, g * f)))
                    .collect(),
            })
            .collect();
        split(n, part.gate, &inner, on, &angles, pieces);
    }
}

fn string(word: &str, qubits: &[u32]) -> PauliString {
    word.chars()
        .zip(qubits)
        .filter_map(|(letter, &q)| match letter {
            'X' => Some((q, Pauli::X)),
            'Y' => Some((q, Pauli::Y)),
            'Z' => Some((q, Pauli::Z)),
            _ => None,
        })
        .collect()
}
