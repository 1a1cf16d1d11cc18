//! Loops over amplitudes, compiled for several instruction sets and chosen once per process.
//!
//! Amplitudes are stored in blocks of 8 real parts followed by 8 imaginary parts: complex products
//! need no shuffle, and one block is a pair of AVX-512 registers or two pairs of AVX2 ones. The
//! lowest three index bits are positions inside a block (lanes), higher bits select the block.

pub(crate) mod body;
mod cpu;
mod eight;
mod gates;
pub(crate) mod memory;
pub(crate) mod mix;
mod strings;
mod sweeps;
pub(crate) mod table;
pub(crate) mod tile;

pub(crate) use cpu::{
    Cpu, add_pauli, cpu, dense, flip, mass, overlap, pair, phase, settle, spread, sweep, times, twist,
    weighed,
};
pub(crate) use strings::Weighed;

/// Index bits inside a block.
pub(crate) const LANE_BITS: u32 = 3;
/// Amplitudes in a block.
pub(crate) const LANES: usize = 1 << LANE_BITS;

/// Eight amplitudes.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(64))]
pub(crate) struct Block {
    /// Real parts.
    pub(crate) re: [f64; LANES],
    /// Imaginary parts.
    pub(crate) im: [f64; LANES],
}

impl Block {
    /// All zero.
    pub(crate) const ZERO: Self = Self { re: [0.0; LANES], im: [0.0; LANES] };
}
