//! Noise channels: one row per channel.

use num_complex::Complex64;

/// A named channel of the Braket dialect; `Kraus` carries its own matrices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Channel {
    /// X with probability p.
    BitFlip,
    /// Z with probability p.
    PhaseFlip,
    /// One of X, Y, Z with probability p.
    Depolarizing,
    /// X, Y, Z with their own probabilities.
    PauliChannel,
    /// Decay to 0 with probability g.
    AmplitudeDamping,
    /// Loss of phase with probability g.
    PhaseDamping,
    /// Decay with weight p, rise with weight 1 - p.
    GeneralizedAmplitudeDamping,
    /// One of the 15 two-qubit Pauli pairs with probability p.
    TwoQubitDepolarizing,
    /// IZ, ZI or ZZ with probability p.
    TwoQubitDephasing,
}

/// A row: everything known about one channel.
pub struct Row {
    /// The channel.
    pub channel: Channel,
    /// Name in the Braket pragma.
    pub name: &'static str,
    /// Qubits it acts on.
    pub n_qubits: u8,
    /// Number of probabilities.
    pub n_params: u8,
    /// Largest value of the first parameter that the Braket SDK allows.
    pub max: f64,
    /// Kraus operators, row-major, first target most significant.
    pub kraus: fn(&[f64]) -> Vec<Vec<Complex64>>,
}

fn c(re: f64, im: f64) -> Complex64 {
    Complex64::new(re, im)
}

fn pauli(which: usize, scale: f64) -> Vec<Complex64> {
    let m = match which {
        0 => [c(1.0, 0.0), c(0.0, 0.0), c(0.0, 0.0), c(1.0, 0.0)],
        1 => [c(0.0, 0.0), c(1.0, 0.0), c(1.0, 0.0), c(0.0, 0.0)],
        2 => [c(0.0, 0.0), c(0.0, -1.0), c(0.0, 1.0), c(0.0, 0.0)],
        _ => [c(1.0, 0.0), c(0.0, 0.0), c(0.0, 0.0), c(-1.0, 0.0)],
    };
    m.iter().map(|z| z * scale).collect()
}

fn pauli_pair(a: usize, b: usize, scale: f64) -> Vec<Complex64> {
    let (a, b) = (pauli(a, scale), pauli(b, 1.0));
    let mut out = Vec::with_capacity(16);
    for row in 0..4 {
        for col in 0..4 {
            out.push(a[(row >> 1) * 2 + (col >> 1)] * b[(row & 1) * 2 + (col & 1)]);
        }
    }
    out
}

fn mixture(weights: [f64; 4]) -> Vec<Vec<Complex64>> {
    (0..4).filter(|&i| i == 0 || weights[i] > 0.0).map(|i| pauli(i, weights[i].max(0.0).sqrt())).collect()
}

fn real(m: [f64; 4], scale: f64) -> Vec<Complex64> {
    m.iter().map(|&x| c(x * scale, 0.0)).collect()
}

/// All channels, in the order of [`Channel`].
///
/// Source: Braket Developer Guide, noise pragmas; matrices checked against the SDK's.
pub static ROWS: [Row; 9] = [
    Row {
        channel: Channel::BitFlip,
        name: "bit_flip",
        n_qubits: 1,
        n_params: 1,
        max: 0.5,
        kraus: |p| mixture([1.0 - p[0], p[0], 0.0, 0.0]),
    },
    Row {
        channel: Channel::PhaseFlip,
        name: "phase_flip",
        n_qubits: 1,
        n_params: 1,
        max: 0.5,
        kraus: |p| mixture([1.0 - p[0], 0.0, 0.0, p[0]]),
    },
    Row {
        channel: Channel::Depolarizing,
        name: "depolarizing",
        n_qubits: 1,
        n_params: 1,
        max: 0.75,
        kraus: |p| mixture([1.0 - p[0], p[0] / 3.0, p[0] / 3.0, p[0] / 3.0]),
    },
    Row {
        channel: Channel::PauliChannel,
        name: "pauli_channel",
        n_qubits: 1,
        n_params: 3,
        max: 1.0,
        kraus: |p| mixture([1.0 - p[0] - p[1] - p[2], p[0], p[1], p[2]]),
    },
    Row {
        channel: Channel::AmplitudeDamping,
        name: "amplitude_damping",
        n_qubits: 1,
        n_params: 1,
        max: 1.0,
        kraus: |p| {
            vec![real([1.0, 0.0, 0.0, (1.0 - p[0]).sqrt()], 1.0), real([0.0, p[0].sqrt(), 0.0, 0.0], 1.0)]
        },
    },
    Row {
        channel: Channel::PhaseDamping,
        name: "phase_damping",
        n_qubits: 1,
        n_params: 1,
        max: 1.0,
        kraus: |p| {
            vec![real([1.0, 0.0, 0.0, (1.0 - p[0]).sqrt()], 1.0), real([0.0, 0.0, 0.0, p[0].sqrt()], 1.0)]
        },
    },
    Row {
        channel: Channel::GeneralizedAmplitudeDamping,
        name: "generalized_amplitude_damping",
        n_qubits: 1,
        n_params: 2,
        max: 1.0,
        kraus: |p| {
            let (keep, down, up) = ((1.0 - p[0]).sqrt(), p[1].sqrt(), (1.0 - p[1]).sqrt());
            vec![
                real([1.0, 0.0, 0.0, keep], down),
                real([0.0, p[0].sqrt(), 0.0, 0.0], down),
                real([keep, 0.0, 0.0, 1.0], up),
                real([0.0, 0.0, p[0].sqrt(), 0.0], up),
            ]
        },
    },
    Row {
        channel: Channel::TwoQubitDepolarizing,
        name: "two_qubit_depolarizing",
        n_qubits: 2,
        n_params: 1,
        max: 15.0 / 16.0,
        kraus: |p| {
            (0..16)
                .map(|i| {
                    let weight = if i == 0 { 1.0 - p[0] } else { p[0] / 15.0 };
                    pauli_pair(i / 4, i % 4, weight.max(0.0).sqrt())
                })
                .collect()
        },
    },
    Row {
        channel: Channel::TwoQubitDephasing,
        name: "two_qubit_dephasing",
        n_qubits: 2,
        n_params: 1,
        max: 0.75,
        kraus: |p| {
            let side = (p[0] / 3.0).sqrt();
            vec![
                pauli_pair(0, 0, (1.0 - p[0]).max(0.0).sqrt()),
                pauli_pair(0, 3, side),
                pauli_pair(3, 0, side),
                pauli_pair(3, 3, side),
            ]
        },
    },
];

impl Channel {
    /// Everything known about the channel.
    pub fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }

    /// The channel of a Braket pragma name.
    pub fn named(name: &str) -> Option<Self> {
        ROWS.iter().find(|r| r.name == name).map(|r| r.channel)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_stands_in_its_place_and_is_trace_preserving() {
        for (i, row) in ROWS.iter().enumerate() {
            assert_eq!(row.channel as usize, i, "{}", row.name);
            let params: Vec<f64> = (0..row.n_params).map(|k| 0.1 + 0.07 * f64::from(k)).collect();
            let side = 1usize << row.n_qubits;
            for a in 0..side {
                for b in 0..side {
                    let sum: Complex64 = (row.kraus)(&params)
                        .iter()
                        .flat_map(|k| {
                            (0..side)
                                .map(move |r| k[r * side + a].conj() * k[r * side + b])
                                .collect::<Vec<_>>()
                        })
                        .sum();
                    let expected = if a == b { 1.0 } else { 0.0 };
                    assert!((sum - expected).norm() < 1e-12, "{}: {a},{b} gives {sum}", row.name);
                }
            }
        }
    }
}
