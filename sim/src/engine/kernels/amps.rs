//! A block in registers: what the kernels of gates and of stages are written in.

use super::eight::Eight;
use super::{Block, LANES, Real};

/// Registers that turns with real factors act on, whatever part of a block they hold.
pub(crate) trait Part: Copy {
    /// `self * a + b`.
    fn times_plus(self, a: Self, b: Self) -> Self;
    /// `b - self * a`.
    fn times_from(self, a: Self, b: Self) -> Self;
    /// Lanes exchanged that differ in the bits of a mask, found when running.
    fn crossed(self, mask: usize) -> Self;
}

/// A block in registers. Implementations of an instruction set are used only inside functions that
/// have it.
pub(crate) trait Amps: Copy {
    /// The precision.
    type F: Real;
    /// What turns between blocks hold at a time: all of a block, or its real or imaginary parts.
    type Part: Part;
    /// Parts of a block.
    const PARTS: usize;
    /// Bits between blocks that one pass turns: the parts of a group must fit the registers.
    const WIDE: usize;
    /// The same where whole blocks are held.
    const WIDE_FIRST: usize;

    fn read(from: &Block<Self::F>) -> Self;
    fn write(self, to: &mut Block<Self::F>);
    fn read_part(from: &Block<Self::F>, part: usize) -> Self::Part;
    fn write_part(x: Self::Part, to: &mut Block<Self::F>, part: usize);
    /// A real factor for each lane.
    fn factors(of: &[f64; LANES]) -> Self::Part;
    /// The product with factors, lane by lane.
    fn times(self, f: Self) -> Self;
    /// `self * f + more`.
    fn times_plus(self, f: Self, more: Self) -> Self;
    /// The product with real factors.
    fn by(self, t: Self::Part) -> Self;
    /// `self + t y` with real t.
    fn plus(self, y: Self, t: Self::Part) -> Self;
    /// `self - t y` with real t.
    fn minus(self, y: Self, t: Self::Part) -> Self;
    /// Lanes exchanged that differ in the bit X, which is 1, 2 or 4.
    fn exchanged<const X: usize>(self) -> Self;
    /// Lanes exchanged that differ in the bits of a mask, found when running.
    fn crossed(self, mask: usize) -> Self;
    /// Each lane from the place that the index names.
    fn gathered(self, index: &[i32; LANES]) -> Self;
}

/// Real and imaginary parts in registers of their own.
#[derive(Clone, Copy)]
pub(crate) struct Apart<V> {
    re: V,
    im: V,
}

impl<V: Eight> Amps for Apart<V> {
    type F = V::F;
    type Part = V;
    const PARTS: usize = 2;
    const WIDE: usize = V::WIDE;
    const WIDE_FIRST: usize = V::WIDE - 1;

    #[inline(always)]
    fn read(from: &Block<V::F>) -> Self {
        Self { re: V::read(&from.re), im: V::read(&from.im) }
    }

    #[inline(always)]
    fn write(self, to: &mut Block<V::F>) {
        self.re.write(&mut to.re);
        self.im.write(&mut to.im);
    }

    #[inline(always)]
    fn read_part(from: &Block<V::F>, part: usize) -> V {
        V::read(if part == 0 { &from.re } else { &from.im })
    }

    #[inline(always)]
    fn write_part(x: V, to: &mut Block<V::F>, part: usize) {
        x.write(if part == 0 { &mut to.re } else { &mut to.im });
    }

    #[inline(always)]
    fn factors(of: &[f64; LANES]) -> V {
        V::read(&of.map(V::F::of))
    }

    #[inline(always)]
    fn times(self, f: Self) -> Self {
        let re = self.im.times_from(f.im, self.re.times(f.re));
        let im = self.im.times_plus(f.re, self.re.times(f.im));
        Self { re, im }
    }

    #[inline(always)]
    fn times_plus(self, f: Self, more: Self) -> Self {
        let re = self.im.times_from(f.im, self.re.times_plus(f.re, more.re));
        let im = self.im.times_plus(f.re, self.re.times_plus(f.im, more.im));
        Self { re, im }
    }

    #[inline(always)]
    fn by(self, t: V) -> Self {
        Self { re: self.re.times(t), im: self.im.times(t) }
    }

    #[inline(always)]
    fn plus(self, y: Self, t: V) -> Self {
        Self { re: y.re.times_plus(t, self.re), im: y.im.times_plus(t, self.im) }
    }

    #[inline(always)]
    fn minus(self, y: Self, t: V) -> Self {
        Self { re: y.re.times_from(t, self.re), im: y.im.times_from(t, self.im) }
    }

    #[inline(always)]
    fn exchanged<const X: usize>(self) -> Self {
        Self { re: self.re.exchanged::<X>(), im: self.im.exchanged::<X>() }
    }

    #[inline(always)]
    fn crossed(self, mask: usize) -> Self {
        Self { re: self.re.crossed(mask), im: self.im.crossed(mask) }
    }

    #[inline(always)]
    fn gathered(self, index: &[i32; LANES]) -> Self {
        Self { re: self.re.gathered(index), im: self.im.gathered(index) }
    }
}
