//! Every cap on what a program may cost to read, check or run, in one place.
//!
//! Each is counted before the work is done, and each has its own diagnostic.

/// Bytes of one program with its includes.
pub const SOURCE_BYTES: usize = 64 << 20;
/// Bytes of the `action` that Braket takes. Source: Developer Guide, quotas.
pub const ACTION_BYTES: usize = 5_000_000;
/// Nesting of blocks, parentheses and definitions.
pub const NESTING: u32 = 64;
/// Qubits that a program may declare.
pub const QUBITS: u64 = 65_536;
/// Classical bits that a program may declare.
pub const BITS: u64 = 1 << 20;
/// Gates after expansion of loops and definitions.
pub const GATES: u64 = 10_000_000;
/// Loop rounds evaluated while lowering.
pub const LOOP_STEPS: u64 = 1_000_000;
/// Operators and indices in one statement: each makes its tree one level deeper.
pub const OPERATORS: u32 = 1_000;
/// Operations of one expression that is evaluated at the run.
pub const EXPRESSION: u32 = 4_096;
/// Modifiers on one gate.
pub const MODIFIERS: usize = 16;
/// Control qubits on one gate.
pub const CONTROLS: usize = 60;
/// Bytes of one name.
pub const NAME_BYTES: usize = 256;
/// Diagnostics reported for one program.
pub const DIAGNOSTICS: usize = 100;
/// Qubits of one Hermitian observable or unitary pragma.
pub const MATRIX_QUBITS: u32 = 8;
