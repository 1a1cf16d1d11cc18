//! Why a circuit was not simulated.

use crate::diagnostic::Span;

/// Why a circuit was not simulated.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SimError {
    /// The state would not fit; nothing was allocated.
    #[error("{engine} needs {needed} bytes for {qubits} qubits, {allowed} are allowed")]
    Memory {
        /// The engine that was asked.
        engine: &'static str,
        /// Qubits of the circuit.
        qubits: u32,
        /// Units: bytes; saturates.
        needed: u64,
        /// Units: bytes.
        allowed: u64,
    },
    /// The engine does not know what the circuit asks for.
    #[error("{engine} cannot run this: {reason}")]
    Unfit {
        /// The engine that was asked.
        engine: &'static str,
        /// What stands in the way, in a few words.
        reason: String,
        /// The operation, where one is to blame.
        span: Option<Span>,
    },
    /// Number of shots and result types do not go together.
    #[error("{reason}")]
    Shots {
        /// What to change.
        reason: &'static str,
        /// The result type, where one is to blame.
        span: Option<Span>,
    },
    /// Two result types need different bases on one qubit.
    #[error("Conflicting result types applied to a single qubit")]
    Conflict {
        /// The qubit.
        qubit: u32,
        /// The later of the two.
        span: Span,
    },
    /// The circuit carries a number or matrix that means nothing.
    #[error("{reason}")]
    Invalid {
        /// What is wrong with it.
        reason: String,
        /// The operation or result type.
        span: Option<Span>,
    },
    /// The wrong number of inputs, or of places for answers.
    #[error("{what}: {expected} expected, {given} given")]
    Length {
        /// What was counted.
        what: &'static str,
        /// How many it takes.
        expected: usize,
        /// How many came.
        given: usize,
    },
    /// A limit on the work of one run was reached.
    #[error("more than {limit} {what}")]
    Limit {
        /// What was counted.
        what: &'static str,
        /// The most that is done.
        limit: u64,
        /// The operation that went on.
        span: Option<Span>,
    },
    /// The caller's watch asked to stop.
    #[error("stopped")]
    Stopped,
}

impl SimError {
    /// The place in the program that is to blame, if one is.
    pub fn span(&self) -> Option<Span> {
        match self {
            Self::Unfit { span, .. }
            | Self::Shots { span, .. }
            | Self::Invalid { span, .. }
            | Self::Limit { span, .. } => *span,
            Self::Conflict { span, .. } => Some(*span),
            Self::Memory { .. } | Self::Length { .. } | Self::Stopped => None,
        }
    }
}
