//! The gate table: one row says everything about one gate, and the tests play every column of a
//! row against the others.
//!
//! Angles are in radians. Basis order is |00>, |01>, |10>, |11> with the first qubit most
//! significant. Source: Braket's gate matrices (Developer Guide and SDK), OpenQASM 3 section
//! "Gates" for `U` and `gphase`.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use num_complex::Complex64;

/// A gate that engines, targets and printers know by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Gate {
    /// Phase of the whole state.
    Gphase,
    /// Identity.
    I,
    /// Bit flip.
    X,
    /// Pauli Y.
    Y,
    /// Phase flip.
    Z,
    /// Hadamard.
    H,
    /// Quarter turn of phase.
    S,
    /// Inverse of S.
    Si,
    /// Eighth turn of phase.
    T,
    /// Inverse of T.
    Ti,
    /// Square root of X.
    V,
    /// Inverse of V.
    Vi,
    /// Rotation about X.
    Rx,
    /// Rotation about Y.
    Ry,
    /// Rotation about Z, symmetric phases.
    Rz,
    /// Phase on 1.
    Phaseshift,
    /// Rotation about an axis of the equator.
    Prx,
    /// IonQ's half turn about an axis of the equator.
    Gpi,
    /// IonQ's quarter turn about an axis of the equator.
    Gpi2,
    /// Any one-qubit unitary, first element real.
    U,
    /// Controlled X.
    Cnot,
    /// Controlled Y.
    Cy,
    /// Controlled Z.
    Cz,
    /// Controlled V.
    Cv,
    /// Exchange.
    Swap,
    /// Exchange with a factor i.
    Iswap,
    /// Exchange with a phase.
    Pswap,
    /// Phase on 11.
    Cphaseshift,
    /// Phase on 00.
    Cphaseshift00,
    /// Phase on 01.
    Cphaseshift01,
    /// Phase on 10.
    Cphaseshift10,
    /// Rotation about XX.
    Xx,
    /// Rotation about YY.
    Yy,
    /// Rotation about ZZ.
    Zz,
    /// Rotation about XX + YY, positive sign.
    Xy,
    /// Echoed cross resonance.
    Ecr,
    /// Mølmer-Sørensen with phases.
    Ms,
    /// Toffoli.
    Ccnot,
    /// Fredkin.
    Cswap,
}

/// Everything known about one gate.
pub struct Row {
    /// The gate.
    pub gate: Gate,
    /// Braket's name, or the built-in one of OpenQASM.
    pub name: &'static str,
    /// Names of the same matrix in `stdgates.inc`, `qelib1.inc` and at vendors.
    pub aliases: &'static [&'static str],
    /// Qubits it acts on.
    pub n_qubits: u8,
    /// Angles it takes, at most three.
    pub n_angles: u8,
    /// Shape: side 2^n_qubits squared, row-major.
    pub matrix: fn(&[f64]) -> Vec<Complex64>,
    /// What undoes it.
    pub inverse: Inverse,
    /// The same from simpler rows, exact with its global phase; empty for the rows all others end at.
    pub decomposition: &'static [Step],
    /// `dU/dangle = i G U` for one-angle gates: G as weighted Pauli strings, first letter first qubit.
    pub generator: Option<&'static [(f64, &'static str)]>,
    /// The gate it is when this many first qubits only control.
    pub control_of: Option<(Gate, u8)>,
    /// What a drawing shows on each qubit.
    pub symbol: &'static [&'static str],
}

/// What undoes a gate.
pub enum Inverse {
    /// A gate with the same angles.
    Is(Gate),
    /// A gate with angles computed from these.
    With(Gate, &'static [Linear]),
    /// Several gates.
    Steps(&'static [Step]),
}

/// One gate of a decomposition.
pub struct Step {
    /// The gate.
    pub gate: Gate,
    /// Its qubits, as positions in the decomposed gate.
    pub qubits: &'static [u8],
    /// Its angles, from the decomposed gate's.
    pub angles: &'static [Linear],
}

/// An angle as a constant plus multiples of up to three given ones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Linear {
    /// The constant. Units: radians.
    pub constant: f64,
    /// The factor of each given angle.
    pub factors: [f64; 3],
}

impl Linear {
    /// Its value. Units: radians.
    pub fn of(&self, angles: &[f64]) -> f64 {
        self.constant + angles.iter().zip(self.factors).map(|(a, f)| a * f).sum::<f64>()
    }
}

const fn lin(constant: f64, factors: [f64; 3]) -> Linear {
    Linear { constant, factors }
}

const fn k(constant: f64) -> Linear {
    lin(constant, [0.0; 3])
}

const fn step(gate: Gate, qubits: &'static [u8], angles: &'static [Linear]) -> Step {
    Step { gate, qubits, angles }
}

const ZERO: Complex64 = Complex64::new(0.0, 0.0);
const ONE: Complex64 = Complex64::new(1.0, 0.0);
const IM: Complex64 = Complex64::new(0.0, 1.0);

/// All gates, in the order of [`Gate`].
pub static ROWS: [Row; 39] = [
    Row {
        gate: Gate::Gphase,
        name: "gphase",
        aliases: &[],
        n_qubits: 0,
        n_angles: 1,
        matrix: |a| vec![cis(a[0])],
        inverse: Inverse::With(Gate::Gphase, &[lin(0.0, [-1.0, 0.0, 0.0])]),
        decomposition: &[],
        generator: Some(&[(1.0, "")]),
        control_of: None,
        symbol: &["φ"],
    },
    Row {
        gate: Gate::I,
        name: "i",
        aliases: &["id"],
        n_qubits: 1,
        n_angles: 0,
        matrix: |_| real(&[1.0, 0.0, 0.0, 1.0]),
        inverse: Inverse::Is(Gate::I),
        decomposition: &[],
        generator: None,
        control_of: None,
        symbol: &["I"],
    },
    Row {
        gate: Gate::X,
        name: "x",
        aliases: &[],
        n_qubits: 1,
        n_angles: 0,
        matrix: |_| real(&[0.0, 1.0, 1.0, 0.0]),
        inverse: Inverse::Is(Gate::X),
        decomposition: &[step(Gate::Rx, &[0], &[k(PI)]), step(Gate::Gphase, &[], &[k(PI / 2.0)])],
        generator: None,
        control_of: None,
        symbol: &["X"],
    },
    Row {
        gate: Gate::Y,
        name: "y",
        aliases: &[],
        n_qubits: 1,
        n_angles: 0,
        matrix: |_| vec![ZERO, -IM, IM, ZERO],
        inverse: Inverse::Is(Gate::Y),
        decomposition: &[step(Gate::Ry, &[0], &[k(PI)]), step(Gate::Gphase, &[], &[k(PI / 2.0)])],
        generator: None,
        control_of: None,
        symbol: &["Y"],
    },
    Row {
        gate: Gate::Z,
        name: "z",
        aliases: &[],
        n_qubits: 1,
        n_angles: 0,
        matrix: |_| real(&[1.0, 0.0, 0.0, -1.0]),
        inverse: Inverse::Is(Gate::Z),
        decomposition: &[step(Gate::Rz, &[0], &[k(PI)]), step(Gate::Gphase, &[], &[k(PI / 2.0)])],
        generator: None,
        control_of: None,
        symbol: &["Z"],
    },
    Row {
        gate: Gate::H,
        name: "h",
        aliases: &[],
        n_qubits: 1,
        n_angles: 0,
        matrix: |_| real(&[FRAC_1_SQRT_2, FRAC_1_SQRT_2, FRAC_1_SQRT_2, -FRAC_1_SQRT_2]),
        inverse: Inverse::Is(Gate::H),
        decomposition: &[
            step(Gate::Rz, &[0], &[k(PI)]),
            step(Gate::Ry, &[0], &[k(PI / 2.0)]),
            step(Gate::Gphase, &[], &[k(PI / 2.0)]),
        ],
        generator: None,
        control_of: None,
        symbol: &["H"],
    },
    Row {
        gate: Gate::S,
        name: "s",
        aliases: &[],
        n_qubits: 1,
        n_angles: 0,
        matrix: |_| vec![ONE, ZERO, ZERO, IM],
        inverse: Inverse::Is(Gate::Si),
        decomposition: &[step(Gate::Rz, &[0], &[k(PI / 2.0)]), step(Gate::Gphase, &[], &[k(PI / 4.0)])],
        generator: None,
        control_of: None,
        symbol: &["S"],
    },
    Row {
        gate: Gate::Si,
        name: "si",
        aliases: &["sdg"],
        n_qubits: 1,
        n_angles: 0,
        matrix: |_| vec![ONE, ZERO, ZERO, -IM],
        inverse: Inverse::Is(Gate::S),
        decomposition: &[step(Gate::Rz, &[0], &[k(-PI / 2.0)]), step(Gate::Gphase, &[], &[k(-PI / 4.0)])],
        generator: None,
        control_of: None,
        symbol: &["S†"],
    },
    Row {
        gate: Gate::T,
        name: "t",
        aliases: &[],
        n_qubits: 1,
        n_angles: 0,
        matrix: |_| vec![ONE, ZERO, ZERO, cis(PI / 4.0)],
        inverse: Inverse::Is(Gate::Ti),
        decomposition: &[step(Gate::Rz, &[0], &[k(PI / 4.0)]), step(Gate::Gphase, &[], &[k(PI / 8.0)])],
        generator: None,
        control_of: None,
        symbol: &["T"],
    },
    Row {
        gate: Gate::Ti,
        name: "ti",
        aliases: &["tdg"],
        n_qubits: 1,
        n_angles: 0,
        matrix: |_| vec![ONE, ZERO, ZERO, cis(-PI / 4.0)],
        inverse: Inverse::Is(Gate::T),
        decomposition: &[step(Gate::Rz, &[0], &[k(-PI / 4.0)]), step(Gate::Gphase, &[], &[k(-PI / 8.0)])],
        generator: None,
        control_of: None,
        symbol: &["T†"],
    },
    Row {
        gate: Gate::V,
        name: "v",
        aliases: &["sx"],
        n_qubits: 1,
        n_angles: 0,
        matrix: |_| vec![c(0.5, 0.5), c(0.5, -0.5), c(0.5, -0.5), c(0.5, 0.5)],
        inverse: Inverse::Is(Gate::Vi),
        decomposition: &[step(Gate::Rx, &[0], &[k(PI / 2.0)]), step(Gate::Gphase, &[], &[k(PI / 4.0)])],
        generator: None,
        control_of: None,
        symbol: &["√X"],
    },
    Row {
        gate: Gate::Vi,
        name: "vi",
        aliases: &["sxdg"],
        n_qubits: 1,
        n_angles: 0,
        matrix: |_| vec![c(0.5, -0.5), c(0.5, 0.5), c(0.5, 0.5), c(0.5, -0.5)],
        inverse: Inverse::Is(Gate::V),
        decomposition: &[step(Gate::Rx, &[0], &[k(-PI / 2.0)]), step(Gate::Gphase, &[], &[k(-PI / 4.0)])],
        generator: None,
        control_of: None,
        symbol: &["√X†"],
    },
    Row {
        gate: Gate::Rx,
        name: "rx",
        aliases: &[],
        n_qubits: 1,
        n_angles: 1,
        matrix: |a| prx(a[0], 0.0),
        inverse: Inverse::With(Gate::Rx, &[lin(0.0, [-1.0, 0.0, 0.0])]),
        decomposition: &[],
        generator: Some(&[(-0.5, "X")]),
        control_of: None,
        symbol: &["RX"],
    },
    Row {
        gate: Gate::Ry,
        name: "ry",
        aliases: &[],
        n_qubits: 1,
        n_angles: 1,
        matrix: |a| prx(a[0], PI / 2.0).iter().map(|z| c(z.re, 0.0)).collect(),
        inverse: Inverse::With(Gate::Ry, &[lin(0.0, [-1.0, 0.0, 0.0])]),
        decomposition: &[],
        generator: Some(&[(-0.5, "Y")]),
        control_of: None,
        symbol: &["RY"],
    },
    Row {
        gate: Gate::Rz,
        name: "rz",
        aliases: &[],
        n_qubits: 1,
        n_angles: 1,
        matrix: |a| vec![cis(-a[0] / 2.0), ZERO, ZERO, cis(a[0] / 2.0)],
        inverse: Inverse::With(Gate::Rz, &[lin(0.0, [-1.0, 0.0, 0.0])]),
        decomposition: &[],
        generator: Some(&[(-0.5, "Z")]),
        control_of: None,
        symbol: &["RZ"],
    },
    Row {
        gate: Gate::Phaseshift,
        name: "phaseshift",
        aliases: &["p", "phase", "u1"],
        n_qubits: 1,
        n_angles: 1,
        matrix: |a| vec![ONE, ZERO, ZERO, cis(a[0])],
        inverse: Inverse::With(Gate::Phaseshift, &[lin(0.0, [-1.0, 0.0, 0.0])]),
        decomposition: &[
            step(Gate::Rz, &[0], &[lin(0.0, [1.0, 0.0, 0.0])]),
            step(Gate::Gphase, &[], &[lin(0.0, [0.5, 0.0, 0.0])]),
        ],
        generator: Some(&[(0.5, "I"), (-0.5, "Z")]),
        control_of: None,
        symbol: &["P"],
    },
    Row {
        gate: Gate::Prx,
        name: "prx",
        aliases: &["r"],
        n_qubits: 1,
        n_angles: 2,
        matrix: |a| prx(a[0], a[1]),
        inverse: Inverse::With(Gate::Prx, &[lin(0.0, [-1.0, 0.0, 0.0]), lin(0.0, [0.0, 1.0, 0.0])]),
        decomposition: &[
            step(Gate::Rz, &[0], &[lin(0.0, [0.0, -1.0, 0.0])]),
            step(Gate::Rx, &[0], &[lin(0.0, [1.0, 0.0, 0.0])]),
            step(Gate::Rz, &[0], &[lin(0.0, [0.0, 1.0, 0.0])]),
        ],
        generator: None,
        control_of: None,
        symbol: &["PRX"],
    },
    Row {
        gate: Gate::Gpi,
        name: "gpi",
        aliases: &[],
        n_qubits: 1,
        n_angles: 1,
        matrix: |a| vec![ZERO, cis(-a[0]), cis(a[0]), ZERO],
        inverse: Inverse::Is(Gate::Gpi),
        decomposition: &[
            step(Gate::Rz, &[0], &[lin(0.0, [-1.0, 0.0, 0.0])]),
            step(Gate::X, &[0], &[]),
            step(Gate::Rz, &[0], &[lin(0.0, [1.0, 0.0, 0.0])]),
        ],
        generator: Some(&[(-1.0, "Z")]),
        control_of: None,
        symbol: &["GPI"],
    },
    Row {
        gate: Gate::Gpi2,
        name: "gpi2",
        aliases: &[],
        n_qubits: 1,
        n_angles: 1,
        matrix: |a| prx(PI / 2.0, a[0]),
        inverse: Inverse::With(Gate::Gpi2, &[lin(PI, [1.0, 0.0, 0.0])]),
        decomposition: &[step(Gate::Prx, &[0], &[k(PI / 2.0), lin(0.0, [1.0, 0.0, 0.0])])],
        generator: None,
        control_of: None,
        symbol: &["GPI2"],
    },
    Row {
        gate: Gate::U,
        name: "U",
        aliases: &["u3", "u"],
        n_qubits: 1,
        n_angles: 3,
        matrix: u,
        inverse: Inverse::With(
            Gate::U,
            &[lin(0.0, [-1.0, 0.0, 0.0]), lin(0.0, [0.0, 0.0, -1.0]), lin(0.0, [0.0, -1.0, 0.0])],
        ),
        decomposition: &[
            step(Gate::Rz, &[0], &[lin(0.0, [0.0, 0.0, 1.0])]),
            step(Gate::Ry, &[0], &[lin(0.0, [1.0, 0.0, 0.0])]),
            step(Gate::Rz, &[0], &[lin(0.0, [0.0, 1.0, 0.0])]),
            step(Gate::Gphase, &[], &[lin(0.0, [0.0, 0.5, 0.5])]),
        ],
        generator: None,
        control_of: None,
        symbol: &["U"],
    },
    Row {
        gate: Gate::Cnot,
        name: "cnot",
        aliases: &["cx", "CX"],
        n_qubits: 2,
        n_angles: 0,
        matrix: |_| permute(&[0, 1, 3, 2]),
        inverse: Inverse::Is(Gate::Cnot),
        decomposition: &[],
        generator: None,
        control_of: Some((Gate::X, 1)),
        symbol: &["●", "X"],
    },
    Row {
        gate: Gate::Cy,
        name: "cy",
        aliases: &[],
        n_qubits: 2,
        n_angles: 0,
        matrix: |_| controlled(Gate::Y, &[]),
        inverse: Inverse::Is(Gate::Cy),
        decomposition: &[step(Gate::Si, &[1], &[]), step(Gate::Cnot, &[0, 1], &[]), step(Gate::S, &[1], &[])],
        generator: None,
        control_of: Some((Gate::Y, 1)),
        symbol: &["●", "Y"],
    },
    Row {
        gate: Gate::Cz,
        name: "cz",
        aliases: &[],
        n_qubits: 2,
        n_angles: 0,
        matrix: |_| diagonal(&[ONE, ONE, ONE, -ONE]),
        inverse: Inverse::Is(Gate::Cz),
        decomposition: &[step(Gate::H, &[1], &[]), step(Gate::Cnot, &[0, 1], &[]), step(Gate::H, &[1], &[])],
        generator: None,
        control_of: Some((Gate::Z, 1)),
        symbol: &["●", "Z"],
    },
    Row {
        gate: Gate::Cv,
        name: "cv",
        aliases: &["csx"],
        n_qubits: 2,
        n_angles: 0,
        matrix: |_| controlled(Gate::V, &[]),
        inverse: Inverse::Steps(&[
            step(Gate::H, &[1], &[]),
            step(Gate::Cphaseshift, &[0, 1], &[k(-PI / 2.0)]),
            step(Gate::H, &[1], &[]),
        ]),
        decomposition: &[
            step(Gate::H, &[1], &[]),
            step(Gate::Cphaseshift, &[0, 1], &[k(PI / 2.0)]),
            step(Gate::H, &[1], &[]),
        ],
        generator: None,
        control_of: Some((Gate::V, 1)),
        symbol: &["●", "√X"],
    },
    Row {
        gate: Gate::Swap,
        name: "swap",
        aliases: &[],
        n_qubits: 2,
        n_angles: 0,
        matrix: |_| permute(&[0, 2, 1, 3]),
        inverse: Inverse::Is(Gate::Swap),
        decomposition: &[
            step(Gate::Cnot, &[0, 1], &[]),
            step(Gate::Cnot, &[1, 0], &[]),
            step(Gate::Cnot, &[0, 1], &[]),
        ],
        generator: None,
        control_of: None,
        symbol: &["×", "×"],
    },
    Row {
        gate: Gate::Iswap,
        name: "iswap",
        aliases: &[],
        n_qubits: 2,
        n_angles: 0,
        matrix: |_| middle(ZERO, IM),
        inverse: Inverse::With(Gate::Pswap, &[k(-PI / 2.0)]),
        decomposition: &[
            step(Gate::S, &[0], &[]),
            step(Gate::S, &[1], &[]),
            step(Gate::H, &[0], &[]),
            step(Gate::Cnot, &[0, 1], &[]),
            step(Gate::Cnot, &[1, 0], &[]),
            step(Gate::H, &[1], &[]),
        ],
        generator: None,
        control_of: None,
        symbol: &["iSWAP", "iSWAP"],
    },
    Row {
        gate: Gate::Pswap,
        name: "pswap",
        aliases: &[],
        n_qubits: 2,
        n_angles: 1,
        matrix: |a| middle(ZERO, cis(a[0])),
        inverse: Inverse::With(Gate::Pswap, &[lin(0.0, [-1.0, 0.0, 0.0])]),
        decomposition: &[
            step(Gate::Swap, &[0, 1], &[]),
            step(Gate::Zz, &[0, 1], &[lin(0.0, [1.0, 0.0, 0.0])]),
            step(Gate::Gphase, &[], &[lin(0.0, [0.5, 0.0, 0.0])]),
        ],
        generator: Some(&[(0.5, "II"), (-0.5, "ZZ")]),
        control_of: None,
        symbol: &["PSWAP", "PSWAP"],
    },
    Row {
        gate: Gate::Cphaseshift,
        name: "cphaseshift",
        aliases: &["cp", "cphase", "cu1"],
        n_qubits: 2,
        n_angles: 1,
        matrix: |a| diagonal(&[ONE, ONE, ONE, cis(a[0])]),
        inverse: Inverse::With(Gate::Cphaseshift, &[lin(0.0, [-1.0, 0.0, 0.0])]),
        decomposition: &[
            step(Gate::Phaseshift, &[0], &[lin(0.0, [0.5, 0.0, 0.0])]),
            step(Gate::Phaseshift, &[1], &[lin(0.0, [0.5, 0.0, 0.0])]),
            step(Gate::Cnot, &[0, 1], &[]),
            step(Gate::Phaseshift, &[1], &[lin(0.0, [-0.5, 0.0, 0.0])]),
            step(Gate::Cnot, &[0, 1], &[]),
        ],
        generator: Some(&[(0.25, "II"), (-0.25, "IZ"), (-0.25, "ZI"), (0.25, "ZZ")]),
        control_of: Some((Gate::Phaseshift, 1)),
        symbol: &["●", "P"],
    },
    Row {
        gate: Gate::Cphaseshift00,
        name: "cphaseshift00",
        aliases: &[],
        n_qubits: 2,
        n_angles: 1,
        matrix: |a| diagonal(&[cis(a[0]), ONE, ONE, ONE]),
        inverse: Inverse::With(Gate::Cphaseshift00, &[lin(0.0, [-1.0, 0.0, 0.0])]),
        decomposition: &[
            step(Gate::X, &[0], &[]),
            step(Gate::X, &[1], &[]),
            step(Gate::Cphaseshift, &[0, 1], &[lin(0.0, [1.0, 0.0, 0.0])]),
            step(Gate::X, &[0], &[]),
            step(Gate::X, &[1], &[]),
        ],
        generator: Some(&[(0.25, "II"), (0.25, "IZ"), (0.25, "ZI"), (0.25, "ZZ")]),
        control_of: None,
        symbol: &["○", "P₀"],
    },
    Row {
        gate: Gate::Cphaseshift01,
        name: "cphaseshift01",
        aliases: &[],
        n_qubits: 2,
        n_angles: 1,
        matrix: |a| diagonal(&[ONE, cis(a[0]), ONE, ONE]),
        inverse: Inverse::With(Gate::Cphaseshift01, &[lin(0.0, [-1.0, 0.0, 0.0])]),
        decomposition: &[
            step(Gate::X, &[0], &[]),
            step(Gate::Cphaseshift, &[0, 1], &[lin(0.0, [1.0, 0.0, 0.0])]),
            step(Gate::X, &[0], &[]),
        ],
        generator: Some(&[(0.25, "II"), (-0.25, "IZ"), (0.25, "ZI"), (-0.25, "ZZ")]),
        control_of: None,
        symbol: &["○", "P"],
    },
    Row {
        gate: Gate::Cphaseshift10,
        name: "cphaseshift10",
        aliases: &[],
        n_qubits: 2,
        n_angles: 1,
        matrix: |a| diagonal(&[ONE, ONE, cis(a[0]), ONE]),
        inverse: Inverse::With(Gate::Cphaseshift10, &[lin(0.0, [-1.0, 0.0, 0.0])]),
        decomposition: &[
            step(Gate::X, &[1], &[]),
            step(Gate::Cphaseshift, &[0, 1], &[lin(0.0, [1.0, 0.0, 0.0])]),
            step(Gate::X, &[1], &[]),
        ],
        generator: Some(&[(0.25, "II"), (0.25, "IZ"), (-0.25, "ZI"), (-0.25, "ZZ")]),
        control_of: None,
        symbol: &["●", "P₀"],
    },
    Row {
        gate: Gate::Xx,
        name: "xx",
        aliases: &["rxx"],
        n_qubits: 2,
        n_angles: 1,
        matrix: |a| ising(a[0], [ONE, ONE]),
        inverse: Inverse::With(Gate::Xx, &[lin(0.0, [-1.0, 0.0, 0.0])]),
        decomposition: &[
            step(Gate::H, &[0], &[]),
            step(Gate::H, &[1], &[]),
            step(Gate::Zz, &[0, 1], &[lin(0.0, [1.0, 0.0, 0.0])]),
            step(Gate::H, &[0], &[]),
            step(Gate::H, &[1], &[]),
        ],
        generator: Some(&[(-0.5, "XX")]),
        control_of: None,
        symbol: &["XX", "XX"],
    },
    Row {
        gate: Gate::Yy,
        name: "yy",
        aliases: &["ryy"],
        n_qubits: 2,
        n_angles: 1,
        matrix: |a| ising(a[0], [-ONE, ONE]),
        inverse: Inverse::With(Gate::Yy, &[lin(0.0, [-1.0, 0.0, 0.0])]),
        decomposition: &[
            step(Gate::Rx, &[0], &[k(PI / 2.0)]),
            step(Gate::Rx, &[1], &[k(PI / 2.0)]),
            step(Gate::Zz, &[0, 1], &[lin(0.0, [1.0, 0.0, 0.0])]),
            step(Gate::Rx, &[0], &[k(-PI / 2.0)]),
            step(Gate::Rx, &[1], &[k(-PI / 2.0)]),
        ],
        generator: Some(&[(-0.5, "YY")]),
        control_of: None,
        symbol: &["YY", "YY"],
    },
    Row {
        gate: Gate::Zz,
        name: "zz",
        aliases: &["rzz"],
        n_qubits: 2,
        n_angles: 1,
        matrix: |a| {
            let (e, f) = (cis(-a[0] / 2.0), cis(a[0] / 2.0));
            diagonal(&[e, f, f, e])
        },
        inverse: Inverse::With(Gate::Zz, &[lin(0.0, [-1.0, 0.0, 0.0])]),
        decomposition: &[
            step(Gate::Cnot, &[0, 1], &[]),
            step(Gate::Rz, &[1], &[lin(0.0, [1.0, 0.0, 0.0])]),
            step(Gate::Cnot, &[0, 1], &[]),
        ],
        generator: Some(&[(-0.5, "ZZ")]),
        control_of: None,
        symbol: &["ZZ", "ZZ"],
    },
    Row {
        gate: Gate::Xy,
        name: "xy",
        aliases: &[],
        n_qubits: 2,
        n_angles: 1,
        matrix: |a| {
            let (s, c0) = (a[0] / 2.0).sin_cos();
            middle(c(c0, 0.0), c(0.0, s))
        },
        inverse: Inverse::With(Gate::Xy, &[lin(0.0, [-1.0, 0.0, 0.0])]),
        decomposition: &[
            step(Gate::Xx, &[0, 1], &[lin(0.0, [-0.5, 0.0, 0.0])]),
            step(Gate::Yy, &[0, 1], &[lin(0.0, [-0.5, 0.0, 0.0])]),
        ],
        generator: Some(&[(0.25, "XX"), (0.25, "YY")]),
        control_of: None,
        symbol: &["XY", "XY"],
    },
    Row {
        gate: Gate::Ecr,
        name: "ecr",
        aliases: &[],
        n_qubits: 2,
        n_angles: 0,
        matrix: |_| ecr(),
        inverse: Inverse::Is(Gate::Ecr),
        decomposition: &[
            step(Gate::H, &[1], &[]),
            step(Gate::Zz, &[0, 1], &[k(PI / 2.0)]),
            step(Gate::H, &[1], &[]),
            step(Gate::X, &[0], &[]),
        ],
        generator: None,
        control_of: None,
        symbol: &["ECR", "ECR"],
    },
    Row {
        gate: Gate::Ms,
        name: "ms",
        aliases: &[],
        n_qubits: 2,
        n_angles: 3,
        matrix: ms,
        inverse: Inverse::With(
            Gate::Ms,
            &[lin(0.0, [1.0, 0.0, 0.0]), lin(0.0, [0.0, 1.0, 0.0]), lin(0.0, [0.0, 0.0, -1.0])],
        ),
        decomposition: &[
            step(Gate::Rz, &[0], &[lin(0.0, [-1.0, 0.0, 0.0])]),
            step(Gate::Rz, &[1], &[lin(0.0, [0.0, -1.0, 0.0])]),
            step(Gate::Xx, &[0, 1], &[lin(0.0, [0.0, 0.0, 1.0])]),
            step(Gate::Rz, &[0], &[lin(0.0, [1.0, 0.0, 0.0])]),
            step(Gate::Rz, &[1], &[lin(0.0, [0.0, 1.0, 0.0])]),
        ],
        generator: None,
        control_of: None,
        symbol: &["MS", "MS"],
    },
    Row {
        gate: Gate::Ccnot,
        name: "ccnot",
        aliases: &["ccx"],
        n_qubits: 3,
        n_angles: 0,
        matrix: |_| permute(&[0, 1, 2, 3, 4, 5, 7, 6]),
        inverse: Inverse::Is(Gate::Ccnot),
        decomposition: &[
            step(Gate::H, &[2], &[]),
            step(Gate::Cnot, &[1, 2], &[]),
            step(Gate::Ti, &[2], &[]),
            step(Gate::Cnot, &[0, 2], &[]),
            step(Gate::T, &[2], &[]),
            step(Gate::Cnot, &[1, 2], &[]),
            step(Gate::Ti, &[2], &[]),
            step(Gate::Cnot, &[0, 2], &[]),
            step(Gate::T, &[1], &[]),
            step(Gate::T, &[2], &[]),
            step(Gate::H, &[2], &[]),
            step(Gate::Cnot, &[0, 1], &[]),
            step(Gate::T, &[0], &[]),
            step(Gate::Ti, &[1], &[]),
            step(Gate::Cnot, &[0, 1], &[]),
        ],
        generator: None,
        control_of: Some((Gate::X, 2)),
        symbol: &["●", "●", "X"],
    },
    Row {
        gate: Gate::Cswap,
        name: "cswap",
        aliases: &[],
        n_qubits: 3,
        n_angles: 0,
        matrix: |_| permute(&[0, 1, 2, 3, 4, 6, 5, 7]),
        inverse: Inverse::Is(Gate::Cswap),
        decomposition: &[
            step(Gate::Cnot, &[2, 1], &[]),
            step(Gate::Ccnot, &[0, 1, 2], &[]),
            step(Gate::Cnot, &[2, 1], &[]),
        ],
        generator: None,
        control_of: Some((Gate::Swap, 1)),
        symbol: &["●", "×", "×"],
    },
];

fn c(re: f64, im: f64) -> Complex64 {
    Complex64::new(re, im)
}

fn cis(angle: f64) -> Complex64 {
    let (s, c) = angle.sin_cos();
    Complex64::new(c, s)
}

fn real(entries: &[f64]) -> Vec<Complex64> {
    entries.iter().map(|&x| c(x, 0.0)).collect()
}

fn diagonal(entries: &[Complex64]) -> Vec<Complex64> {
    let side = entries.len();
    let mut m = vec![ZERO; side * side];
    for (i, &e) in entries.iter().enumerate() {
        m[i * side + i] = e;
    }
    m
}

fn permute(to: &[usize]) -> Vec<Complex64> {
    let side = to.len();
    let mut m = vec![ZERO; side * side];
    for (from, &to) in to.iter().enumerate() {
        m[to * side + from] = ONE;
    }
    m
}

fn controlled(gate: Gate, angles: &[f64]) -> Vec<Complex64> {
    let inner = (gate.row().matrix)(angles);
    let mut m = diagonal(&[ONE; 4]);
    for (row, col) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        m[(2 + row) * 4 + 2 + col] = inner[row * 2 + col];
    }
    m
}

/// Identity on 00 and 11; `[[a, b], [b, a]]` between 01 and 10.
fn middle(a: Complex64, b: Complex64) -> Vec<Complex64> {
    vec![ONE, ZERO, ZERO, ZERO, ZERO, a, b, ZERO, ZERO, b, a, ZERO, ZERO, ZERO, ZERO, ONE]
}

/// `exp(-i angle/2 P)` for P with `corners[0]` between 00 and 11, `corners[1]` between 01 and 10.
fn ising(angle: f64, corners: [Complex64; 2]) -> Vec<Complex64> {
    let (s, c0) = (angle / 2.0).sin_cos();
    let (d, o, p) = (c(c0, 0.0), -IM * s * corners[0], -IM * s * corners[1]);
    vec![d, ZERO, ZERO, o, ZERO, d, p, ZERO, ZERO, p, d, ZERO, o, ZERO, ZERO, d]
}

fn prx(theta: f64, phi: f64) -> Vec<Complex64> {
    let (s, c0) = (theta / 2.0).sin_cos();
    vec![c(c0, 0.0), -IM * cis(-phi) * s, -IM * cis(phi) * s, c(c0, 0.0)]
}

fn u(a: &[f64]) -> Vec<Complex64> {
    let (s, c0) = (a[0] / 2.0).sin_cos();
    vec![c(c0, 0.0), -cis(a[2]) * s, cis(a[1]) * s, cis(a[1] + a[2]) * c0]
}

fn ecr() -> Vec<Complex64> {
    let m = [ZERO, ZERO, ONE, IM, ZERO, ZERO, IM, ONE, ONE, -IM, ZERO, ZERO, -IM, ONE, ZERO, ZERO];
    m.iter().map(|z| z * FRAC_1_SQRT_2).collect()
}

fn ms(a: &[f64]) -> Vec<Complex64> {
    let (s, c0) = (a[2] / 2.0).sin_cos();
    let d = c(c0, 0.0);
    let (sum, difference) = (a[0] + a[1], a[0] - a[1]);
    let (p, q) = (-IM * cis(-sum) * s, -IM * cis(sum) * s);
    let (r, t) = (-IM * cis(-difference) * s, -IM * cis(difference) * s);
    vec![d, ZERO, ZERO, p, ZERO, d, r, ZERO, ZERO, t, d, ZERO, q, ZERO, ZERO, d]
}

impl Gate {
    /// Everything known about the gate.
    pub fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }

    /// The gate of a Braket name or an alias, by exact spelling.
    pub fn named(name: &str) -> Option<Self> {
        ROWS.iter().find(|r| r.name == name || r.aliases.contains(&name)).map(|r| r.gate)
    }
}

#[cfg(test)]
mod tests;
