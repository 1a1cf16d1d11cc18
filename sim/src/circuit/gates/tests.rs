//! Every column of a row is judged by another; a failure names the gate.

use super::*;

const ANGLES: [f64; 3] = [0.7, -1.3, 2.1];

fn angles(row: &Row) -> &'static [f64] {
    &ANGLES[..row.n_angles as usize]
}

fn multiply(a: &[Complex64], b: &[Complex64]) -> Vec<Complex64> {
    let side = a.len().isqrt();
    (0..side * side)
        .map(|i| (0..side).map(|k| a[i / side * side + k] * b[k * side + i % side]).sum())
        .collect()
}

fn identity(n: u8) -> Vec<Complex64> {
    diagonal(&vec![ONE; 1 << n])
}

/// The matrix of a step on all qubits of the decomposed gate, by definition.
fn embed(step: &Step, n: u8, given: &[f64]) -> Vec<Complex64> {
    let side = 1usize << n;
    let values: Vec<f64> = step.angles.iter().map(|a| a.of(given)).collect();
    let inner = (step.gate.row().matrix)(&values);
    let k = step.qubits.len();
    let pick = |index: usize| step.qubits.iter().fold(0, |a, &q| a << 1 | (index >> (n - 1 - q) & 1));
    let rest = |index: usize| step.qubits.iter().fold(index, |a, &q| a & !(1 << (n - 1 - q)));
    (0..side * side)
        .map(|i| {
            let (row, col) = (i / side, i % side);
            if rest(row) == rest(col) { inner[pick(row) * (1 << k) + pick(col)] } else { ZERO }
        })
        .collect()
}

fn product(steps: &[Step], n: u8, given: &[f64]) -> Vec<Complex64> {
    steps.iter().fold(identity(n), |m, s| multiply(&embed(s, n, given), &m))
}

fn distance(a: &[Complex64], b: &[Complex64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| (x - y).norm()).fold(0.0, f64::max)
}

#[test]
fn every_row_stands_in_its_place() {
    for (i, row) in ROWS.iter().enumerate() {
        assert_eq!(row.gate as usize, i, "{}", row.name);
        assert_eq!(row.symbol.len(), usize::from(row.n_qubits.max(1)), "{}", row.name);
    }
}

#[test]
fn every_name_is_unique_and_found() {
    let mut seen = std::collections::BTreeSet::new();
    for row in &ROWS {
        for name in std::iter::once(&row.name).chain(row.aliases) {
            assert!(seen.insert(*name), "{name} stands twice");
            assert_eq!(Gate::named(name), Some(row.gate));
        }
    }
}

#[test]
fn every_matrix_is_unitary() {
    for row in &ROWS {
        let m = (row.matrix)(angles(row));
        let side = 1 << row.n_qubits;
        assert_eq!(m.len(), side * side, "{}", row.name);
        let adjoint: Vec<_> = (0..side * side).map(|i| m[i % side * side + i / side].conj()).collect();
        assert!(distance(&multiply(&m, &adjoint), &identity(row.n_qubits)) < 1e-12, "{}", row.name);
    }
}

#[test]
fn every_inverse_undoes() {
    for row in &ROWS {
        let given = angles(row);
        let undo = match row.inverse {
            Inverse::Is(gate) => (gate.row().matrix)(given),
            Inverse::With(gate, to) => {
                (gate.row().matrix)(&to.iter().map(|a| a.of(given)).collect::<Vec<_>>())
            }
            Inverse::Steps(steps) => product(steps, row.n_qubits, given),
        };
        let both = multiply(&undo, &(row.matrix)(given));
        assert!(distance(&both, &identity(row.n_qubits)) < 1e-12, "{}", row.name);
    }
}

#[test]
fn every_decomposition_is_the_gate_with_its_phase() {
    for row in ROWS.iter().filter(|r| !r.decomposition.is_empty()) {
        let m = product(row.decomposition, row.n_qubits, angles(row));
        assert!(distance(&m, &(row.matrix)(angles(row))) < 1e-12, "{}", row.name);
    }
}

#[test]
fn every_decomposition_ends() {
    fn depth(gate: Gate) -> u32 {
        gate.row().decomposition.iter().map(|s| 1 + depth(s.gate)).max().unwrap_or(0)
    }
    for row in &ROWS {
        assert!(depth(row.gate) < 8, "{}", row.name);
    }
}

#[test]
fn every_generator_is_the_derivative() {
    const STEP: f64 = 1e-6;
    for row in ROWS.iter().filter(|r| r.generator.is_some()) {
        let at = |x: f64| (row.matrix)(&[x]);
        let numeric: Vec<_> =
            at(0.7 + STEP).iter().zip(at(0.7 - STEP)).map(|(a, b)| (a - b) / (2.0 * STEP)).collect();
        let side = 1usize << row.n_qubits;
        let mut g = vec![ZERO; side * side];
        for &(weight, word) in row.generator.unwrap_or(&[]) {
            let mut m = vec![ONE];
            for letter in word.chars() {
                let p = (Gate::named(&letter.to_lowercase().to_string()).expect("a Pauli").row().matrix)(&[]);
                let old = m.len().isqrt();
                m = (0..4 * old * old)
                    .map(|i| {
                        let (r, q) = (i / (2 * old), i % (2 * old));
                        m[r / 2 * old + q / 2] * p[r % 2 * 2 + q % 2]
                    })
                    .collect();
            }
            g.iter_mut().zip(m).for_each(|(a, b)| *a += b * weight);
        }
        let exact: Vec<_> = multiply(&g, &at(0.7)).iter().map(|z| IM * z).collect();
        assert!(distance(&numeric, &exact) < 1e-8, "{}", row.name);
    }
}

#[test]
fn every_controlled_gate_is_its_base_with_controls() {
    for row in &ROWS {
        let Some((base, controls)) = row.control_of else { continue };
        let inner = (base.row().matrix)(angles(row));
        let (side, small) = (1usize << row.n_qubits, 1usize << base.row().n_qubits);
        assert_eq!(row.n_qubits, base.row().n_qubits + controls, "{}", row.name);
        let mut m = identity(row.n_qubits);
        for r in 0..small {
            for q in 0..small {
                m[(side - small + r) * side + side - small + q] = inner[r * small + q];
            }
        }
        assert!(distance(&m, &(row.matrix)(angles(row))) < 1e-12, "{}", row.name);
    }
}
