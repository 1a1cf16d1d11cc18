//! Eight numbers in registers, spelled out for each instruction set.
//!
//! A loop over eight lanes leaves the choice to the compiler, and for AVX-512 it gathers single
//! numbers from eight blocks, which is eight times slower than reading blocks whole.

use super::amps::Part;
use super::{LANES, Real};

/// Eight numbers. Implementations of an instruction set are used only inside functions that have it.
pub(crate) trait Eight: Part {
    /// The precision.
    type F: Real;
    /// Bits between blocks that one pass turns: eight numbers from each of a group must fit the
    /// registers.
    const WIDE: usize;

    fn read(from: &[Self::F; LANES]) -> Self;
    fn write(self, to: &mut [Self::F; LANES]);
    fn times(self, a: Self) -> Self;
    /// Lanes exchanged that differ in the bit X, which is 1, 2 or 4.
    fn exchanged<const X: usize>(self) -> Self;
    /// Each lane from the place that the index names.
    fn gathered(self, index: &[i32; LANES]) -> Self;
}

/// Lanes exchanged by one step for each bit of a mask.
#[inline(always)]
pub(super) fn crossed<V: Eight>(mut x: V, mask: usize) -> V {
    if mask & 1 != 0 {
        x = x.exchanged::<1>();
    }
    if mask & 2 != 0 {
        x = x.exchanged::<2>();
    }
    if mask & 4 != 0 {
        x = x.exchanged::<4>();
    }
    x
}

/// Lanes fetched one by one.
#[inline(always)]
pub(super) fn gathered<V: Eight>(x: V, index: &[i32; LANES]) -> V {
    let mut from = [V::F::ZERO; LANES];
    x.write(&mut from);
    V::read(&std::array::from_fn(|l| from[index[l] as usize & 7]))
}

/// What every processor has.
#[derive(Clone, Copy)]
pub(crate) struct Plain<F>([F; LANES]);

impl<F: Real> Part for Plain<F> {
    #[inline(always)]
    fn times_plus(self, a: Self, b: Self) -> Self {
        Self(std::array::from_fn(|l| self.0[l] * a.0[l] + b.0[l]))
    }

    #[inline(always)]
    fn times_from(self, a: Self, b: Self) -> Self {
        Self(std::array::from_fn(|l| b.0[l] - self.0[l] * a.0[l]))
    }

    #[inline(always)]
    fn crossed(self, mask: usize) -> Self {
        crossed(self, mask)
    }
}

impl<F: Real> Eight for Plain<F> {
    type F = F;
    const WIDE: usize = 2;

    #[inline(always)]
    fn read(from: &[F; LANES]) -> Self {
        Self(*from)
    }

    #[inline(always)]
    fn write(self, to: &mut [F; LANES]) {
        *to = self.0;
    }

    #[inline(always)]
    fn times(self, a: Self) -> Self {
        Self(std::array::from_fn(|l| self.0[l] * a.0[l]))
    }

    #[inline(always)]
    fn exchanged<const X: usize>(self) -> Self {
        Self(std::array::from_fn(|l| self.0[l ^ X]))
    }

    #[inline(always)]
    fn gathered(self, index: &[i32; LANES]) -> Self {
        gathered(self, index)
    }
}
