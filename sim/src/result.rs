//! What can be asked of a run, and what is answered.

use num_complex::Complex64;

use crate::circuit::BitString;
use crate::diagnostic::Span;

/// One factor of an observable.
#[derive(Clone, Debug, PartialEq)]
pub enum Factor {
    /// Identity.
    I,
    /// Pauli X.
    X,
    /// Pauli Y.
    Y,
    /// Pauli Z.
    Z,
    /// Hadamard.
    H,
    /// Any Hermitian matrix, row-major, side 2^k, first target most significant.
    Hermitian(Vec<Complex64>),
}

/// A tensor product of factors on distinct qubits.
#[derive(Clone, Debug, PartialEq)]
pub struct Observable {
    /// Each factor with its qubits.
    pub factors: Vec<(Factor, Vec<u32>)>,
}

/// What a result pragma asks for. Targets are qubit indices of the circuit.
#[derive(Clone, Debug, PartialEq)]
pub enum ResultType {
    /// All amplitudes.
    StateVector,
    /// The (reduced) density matrix; `None` means all qubits.
    DensityMatrix(Option<Vec<u32>>),
    /// Probabilities of the outcomes of these qubits, in this order; `None` means all.
    Probability(Option<Vec<u32>>),
    /// Amplitudes of basis states.
    Amplitude(Vec<BitString>),
    /// Mean of an observable; `None` targets of a one-qubit factor means one value per qubit.
    Expectation(Observable),
    /// Variance of an observable.
    Variance(Observable),
    /// One eigenvalue per shot.
    Sample(Observable),
    /// Mean of a Hamiltonian and its gradient by the named inputs.
    AdjointGradient {
        /// Weighted observables.
        terms: Vec<(f64, Observable)>,
        /// Inputs by index; empty means all.
        inputs: Vec<u32>,
    },
}

/// A result type with the place that asked for it.
#[derive(Clone, Debug, PartialEq)]
pub struct ResultRequest {
    /// What is asked.
    pub kind: ResultType,
    /// Where.
    pub span: Span,
}

/// The answer to one [`ResultRequest`], in the same order.
#[derive(Clone, Debug, PartialEq)]
pub enum ResultValue {
    /// Shape: 2^n, qubit 0 is the most significant index bit.
    StateVector(Vec<Complex64>),
    /// Shape: side 2^k squared, row-major.
    DensityMatrix(Vec<Complex64>),
    /// Shape: 2^k, first target most significant.
    Probability(Vec<f64>),
    /// One per asked basis state.
    Amplitude(Vec<(BitString, Complex64)>),
    /// Mean.
    Expectation(f64),
    /// Variance.
    Variance(f64),
    /// Eigenvalue of each shot.
    Sample(Vec<f64>),
    /// Mean and derivative by each input, in the order of the request.
    AdjointGradient {
        /// Mean of the Hamiltonian.
        expectation: f64,
        /// Derivative by input.
        gradient: Vec<(u32, f64)>,
    },
}
