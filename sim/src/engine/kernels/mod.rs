//! Loops over amplitudes, compiled for several instruction sets and chosen once per process.
//!
//! Amplitudes are stored in blocks of 8 real parts followed by 8 imaginary parts: complex products
//! need no shuffle, and one block is a pair of AVX-512 registers or two pairs of AVX2 ones. The
//! lowest three index bits are positions inside a block (lanes), higher bits select the block.

mod amps;
pub(crate) mod body;
mod cpu;
mod eight;
mod gates;
pub(crate) mod memory;
pub(crate) mod mix;
mod real;
mod strings;
mod sweeps;
pub(crate) mod table;
pub(crate) mod tile;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(crate) use cpu::{
    Cpu, add_pauli, cpu, dense, flip, mass, overlap, pair, phase, settle, spread, sweep, times, twist,
    weighed,
};
pub(crate) use real::Real;
pub(crate) use strings::Weighed;

/// Index bits inside a block.
pub(crate) const LANE_BITS: u32 = 3;
/// Amplitudes in a block.
pub(crate) const LANES: usize = 1 << LANE_BITS;

/// Eight amplitudes.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(64))]
pub(crate) struct Block<F = f64> {
    /// Real parts.
    pub(crate) re: [F; LANES],
    /// Imaginary parts.
    pub(crate) im: [F; LANES],
}

impl<F: Real> Block<F> {
    /// All zero.
    pub(crate) const ZERO: Self = Self { re: [F::ZERO; LANES], im: [F::ZERO; LANES] };

    /// The same in double precision.
    #[inline(always)]
    pub(crate) fn double(&self) -> Block {
        Block { re: self.re.map(F::double), im: self.im.map(F::double) }
    }

    /// The nearest to a block of double precision.
    #[inline(always)]
    pub(crate) fn of(x: &Block) -> Self {
        Self { re: x.re.map(F::of), im: x.im.map(F::of) }
    }
}
