//! The oracle: whole matrices by definition, for at most 8 qubits.
//!
//! Nothing here is shared with the engines: an operation becomes a matrix on the full space, entry
//! by entry, and multiplies the density matrix from both sides.

use num_complex::Complex64;

use crate::circuit::{Angle, Circuit, Op};

const ZERO: Complex64 = Complex64::new(0.0, 0.0);
const ONE: Complex64 = Complex64::new(1.0, 0.0);

/// A square matrix of side 2^n.
pub(crate) type Dense = Vec<Complex64>;

fn angle(a: &Angle, inputs: &[f64]) -> f64 {
    match *a {
        Angle::Fixed(x) => x,
        Angle::Affine { input, scale, offset } => scale * inputs[input as usize] + offset,
        Angle::Expr(_) => panic!("the reference knows no expressions"),
    }
}

/// The matrix on all `n` qubits of one on some, under controls that want given values.
pub(crate) fn embed(n: u32, m: &[Complex64], qubits: &[u32], controls: &[(u32, bool)]) -> Dense {
    assert!(n <= 8, "the reference stops at 8 qubits");
    let (side, small) = (1usize << n, 1usize << qubits.len());
    let bit = |index: usize, q: u32| index >> (n - 1 - q) & 1 == 1;
    let pick = |index: usize| qubits.iter().fold(0, |a, &q| a << 1 | usize::from(bit(index, q)));
    let rest = |index: usize| qubits.iter().fold(index, |a, &q| a & !(1 << (n - 1 - q)));
    let mut out = vec![ZERO; side * side];
    for row in 0..side {
        for col in 0..side {
            let acts = controls.iter().all(|&(q, wanted)| bit(col, q) == wanted);
            out[row * side + col] = if !acts {
                if row == col { ONE } else { ZERO }
            } else if rest(row) == rest(col) {
                m[pick(row) * small + pick(col)]
            } else {
                ZERO
            };
        }
    }
    out
}

/// The product of two matrices.
pub(crate) fn times(a: &[Complex64], b: &[Complex64]) -> Dense {
    let side = a.len().isqrt();
    let mut out = vec![ZERO; side * side];
    for i in 0..side {
        for k in 0..side {
            let x = a[i * side + k];
            if x != ZERO {
                for j in 0..side {
                    out[i * side + j] += x * b[k * side + j];
                }
            }
        }
    }
    out
}

fn adjoint(m: &[Complex64]) -> Dense {
    let side = m.len().isqrt();
    (0..m.len()).map(|i| m[i % side * side + i / side].conj()).collect()
}

/// The matrix of a unitary operation; `None` for barriers, delays and measurements.
fn unitary(c: &Circuit, op: &Op, inputs: &[f64]) -> Option<Dense> {
    match op {
        Op::Gate(g) => {
            let (controls, own) = c.gate_qubits(g).split_at(usize::from(g.n_controls));
            let wanted: Vec<_> =
                controls.iter().enumerate().map(|(k, &q)| (q, g.negative >> k & 1 == 0)).collect();
            let angles: Vec<f64> = c.gate_angles(g).iter().map(|a| angle(a, inputs)).collect();
            Some(embed(c.n_qubits, &(g.gate.row().matrix)(&angles), own, &wanted))
        }
        Op::Unitary { matrix, qubits, n_controls } => {
            let (controls, own) = c.qubit_range(*qubits).split_at(usize::from(*n_controls));
            let wanted: Vec<_> = controls.iter().map(|&q| (q, true)).collect();
            Some(embed(c.n_qubits, &c.matrices[matrix.0 as usize].entries, own, &wanted))
        }
        _ => None,
    }
}

/// The unitary of a circuit without measurement or noise.
pub(crate) fn matrix(c: &Circuit, inputs: &[f64]) -> Dense {
    let side = 1usize << c.n_qubits;
    let mut out: Dense = (0..side * side).map(|i| if i / side == i % side { ONE } else { ZERO }).collect();
    for op in &c.ops.ops {
        if let Some(m) = unitary(c, op, inputs) {
            out = times(&m, &out);
        }
    }
    out
}

/// The amplitudes that a circuit without measurement or noise ends in.
pub(crate) fn state(c: &Circuit, inputs: &[f64]) -> Vec<Complex64> {
    let side = 1usize << c.n_qubits;
    let m = matrix(c, inputs);
    (0..side).map(|row| m[row * side]).collect()
}

/// The density matrix that a circuit without branches ends in; outcomes are forgotten.
pub(crate) fn density(c: &Circuit, inputs: &[f64]) -> Dense {
    let n = c.n_qubits;
    let side = 1usize << n;
    let mut rho = vec![ZERO; side * side];
    rho[0] = ONE;
    let projectors = |zero_to_zero: [[Complex64; 4]; 2]| zero_to_zero.map(|m| m.to_vec()).to_vec();
    for op in &c.ops.ops {
        let (operators, qubits) = match op {
            Op::Measure { qubit, .. } => {
                (projectors([[ONE, ZERO, ZERO, ZERO], [ZERO, ZERO, ZERO, ONE]]), vec![*qubit])
            }
            Op::Reset { qubit } => {
                (projectors([[ONE, ZERO, ZERO, ZERO], [ZERO, ONE, ZERO, ZERO]]), vec![*qubit])
            }
            Op::Noise { channel, qubits, params } => {
                let row = channel.row();
                let params: Vec<f64> = (0..usize::from(row.n_params))
                    .map(|k| angle(&c.angles[*params as usize + k], inputs))
                    .collect();
                let first = *qubits as usize;
                let own = c.qubits[first..first + usize::from(row.n_qubits)].to_vec();
                ((row.kraus)(&params), own)
            }
            Op::Kraus { first, count, qubits } => (
                (0..u32::from(*count)).map(|k| c.matrices[(first.0 + k) as usize].entries.clone()).collect(),
                c.qubit_range(*qubits).to_vec(),
            ),
            _ => match unitary(c, op, inputs) {
                Some(m) => (vec![m], (0..n).collect()),
                None => continue,
            },
        };
        let mut next = vec![ZERO; side * side];
        for k in &operators {
            let k = embed(n, k, &qubits, &[]);
            for (sum, x) in next.iter_mut().zip(times(&times(&k, &rho), &adjoint(&k))) {
                *sum += x;
            }
        }
        rho = next;
    }
    rho
}
