//! One unitary operation as one matrix on all its qubits, controls included.

use num_complex::Complex64;

use crate::circuit::Op;
use crate::plan::Segment;

/// The matrix that acts where the controls, the most significant qubits, have their values; bit k
/// of `negative` set: control k acts when 0.
pub(crate) fn controlled(own: &[Complex64], n_controls: usize, negative: u64) -> Vec<Complex64> {
    let small = own.len().isqrt();
    let side = small << n_controls;
    let wanted = (0..n_controls).fold(0, |w, k| w << 1 | usize::from(negative >> k & 1 == 0));
    (0..side * side)
        .map(|i| {
            let (row, col) = (i / side, i % side);
            if row / small == wanted && col / small == wanted {
                own[row % small * small + col % small]
            } else {
                Complex64::new(f64::from(u8::from(row == col)), 0.0)
            }
        })
        .collect()
}

/// The matrix of an operation; none for barriers and delays. Its size is 4^(number of qubits), so
/// ask for that first.
pub(crate) fn matrix(segment: &Segment<'_>, op: &Op) -> Option<Vec<Complex64>> {
    match op {
        Op::Gate(g) => {
            let first = g.angles as usize;
            let angles = &segment.angles[first..first + usize::from(g.gate.row().n_angles)];
            Some(controlled(&(g.gate.row().matrix)(angles), usize::from(g.n_controls), g.negative))
        }
        Op::Unitary { matrix, n_controls, .. } => {
            let own = &segment.circuit.matrices[matrix.0 as usize].entries;
            Some(controlled(own, usize::from(*n_controls), 0))
        }
        _ => None,
    }
}
