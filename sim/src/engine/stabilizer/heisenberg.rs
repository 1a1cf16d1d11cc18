//! Exact means under Pauli noise: the observable goes back through the circuit.
//!
//! A Pauli that meets a gate becomes another Pauli; a mixture of Paulis shrinks it by one minus
//! twice the probability of those that anticommute with it; a forgotten measurement kills it unless
//! it commutes. On the zero state its mean is then its sign, or 0 if an X is left.

use crate::engine::stabilizer::clifford::Elem;
use crate::engine::stabilizer::program::{Mixture, Program, Step};
use crate::pauli::{Pauli, PauliString};

/// A Pauli on its way back: i^phase X^x Z^z times `factor`.
struct Observable {
    x: Vec<bool>,
    z: Vec<bool>,
    phase: u8,
    factor: f64,
}

/// Mean of a string after a program on `n` qubits; outcomes of measurements are forgotten.
pub(crate) fn mean(n: u32, program: &Program, string: &PauliString) -> f64 {
    let none = vec![false; n as usize];
    let mut o = Observable { x: none.clone(), z: none, phase: 0, factor: 1.0 };
    for &(q, letter) in string {
        o.x[q as usize] = letter != Pauli::Z;
        o.z[q as usize] = letter != Pauli::X;
        o.phase += u8::from(letter == Pauli::Y);
        o.phase %= 4;
    }
    for step in program.steps.iter().rev() {
        match step {
            Step::Elem(elem) => o.before(*elem),
            Step::Measure(q) => o.factor *= f64::from(u8::from(!o.x[*q as usize])),
            Step::Reset(q) => {
                o.factor *= f64::from(u8::from(!o.x[*q as usize]));
                o.z[*q as usize] = false;
            }
            Step::Noise(mixture) => o.factor *= o.kept(mixture),
        }
        if o.factor == 0.0 {
            return 0.0;
        }
    }
    if o.x.contains(&true) { 0.0 } else { o.factor * (1.0 - f64::from(o.phase)) }
}

impl Observable {
    /// G† P G.
    fn before(&mut self, elem: Elem) {
        let (x, z) = (&mut self.x, &mut self.z);
        let turns = match elem {
            Elem::X(a) => 2 * u8::from(z[a as usize]),
            Elem::Z(a) => 2 * u8::from(x[a as usize]),
            Elem::H(a) => {
                std::mem::swap(&mut x[a as usize], &mut z[a as usize]);
                2 * u8::from(x[a as usize] & z[a as usize])
            }
            Elem::S(a) => {
                z[a as usize] ^= x[a as usize];
                3 * u8::from(x[a as usize])
            }
            Elem::Cx(a, b) => {
                x[b as usize] ^= x[a as usize];
                z[a as usize] ^= z[b as usize];
                0
            }
            Elem::Cz(a, b) => {
                z[a as usize] ^= x[b as usize];
                z[b as usize] ^= x[a as usize];
                2 * u8::from(x[a as usize] & x[b as usize])
            }
            Elem::Swap(a, b) => {
                x.swap(a as usize, b as usize);
                z.swap(a as usize, b as usize);
                0
            }
        };
        self.phase = (self.phase + turns) % 4;
    }

    /// The part that a mixture leaves.
    fn kept(&self, mixture: &Mixture) -> f64 {
        let mask = |bits: &[bool]| {
            mixture.qubits.iter().enumerate().fold(0, |m, (at, &q)| m | u32::from(bits[q as usize]) << at)
        };
        let (x, z) = (mask(&self.x), mask(&self.z));
        let against = |p: &&(u32, u32, f64)| ((p.0 & z) ^ (p.1 & x)).count_ones() & 1 == 1;
        1.0 - 2.0 * mixture.paulis.iter().filter(against).map(|p| p.2).sum::<f64>()
    }
}

/// Probability of each outcome of some qubits, first most significant, from the means of all
/// products of their Z.
pub(crate) fn probabilities(n: u32, program: &Program, qubits: &[u32]) -> Vec<f64> {
    let k = qubits.len();
    let string = |code: usize| -> PauliString {
        (0..k).filter(|at| code >> (k - 1 - at) & 1 == 1).map(|at| (qubits[at], Pauli::Z)).collect()
    };
    let mut out: Vec<f64> = (0..1usize << k).map(|code| mean(n, program, &string(code))).collect();
    for bit in 0..k {
        for i in (0..out.len()).filter(|i| i >> bit & 1 == 0) {
            let (a, b) = (out[i], out[i | 1 << bit]);
            (out[i], out[i | 1 << bit]) = ((a + b) / 2.0, (a - b) / 2.0);
        }
    }
    out
}
