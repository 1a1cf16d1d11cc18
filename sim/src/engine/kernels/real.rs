//! The numbers that amplitudes are made of.

use std::fmt::Debug;
use std::ops::{Add, Mul, Sub};

use super::amps::{Amps, Apart};
use super::eight::Plain;
#[cfg(target_arch = "x86_64")]
use super::x86::{Half, HalfSingle, Joined, Whole};
use crate::engine::Precision;

/// Double or single precision. What a kernel is told comes in double precision; sums are made in it.
pub(crate) trait Real:
    Copy
    + Debug
    + PartialEq
    + Send
    + Sync
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + 'static
{
    /// 0.
    const ZERO: Self;
    /// The smallest factor of the whole that is kept apart: amplitudes grow by as much meanwhile.
    const SMALLEST: f64;
    /// What a caller asks for to get it.
    const PRECISION: Precision;
    /// A block in registers, for each instruction set.
    type Baseline: Amps<F = Self>;
    #[cfg(target_arch = "x86_64")]
    type Avx2: Amps<F = Self>;
    #[cfg(target_arch = "x86_64")]
    type Avx512: Amps<F = Self>;
    /// The nearest to a number.
    fn of(x: f64) -> Self;
    fn double(self) -> f64;
}

impl Real for f64 {
    const ZERO: Self = 0.0;
    const SMALLEST: f64 = 1e-100;
    const PRECISION: Precision = Precision::Double;
    type Baseline = Apart<Plain<Self>>;
    #[cfg(target_arch = "x86_64")]
    type Avx2 = Apart<Half>;
    #[cfg(target_arch = "x86_64")]
    type Avx512 = Apart<Whole>;

    #[inline(always)]
    fn of(x: f64) -> Self {
        x
    }

    #[inline(always)]
    fn double(self) -> f64 {
        self
    }
}

impl Real for f32 {
    const ZERO: Self = 0.0;
    const SMALLEST: f64 = 1e-15;
    const PRECISION: Precision = Precision::Single;
    type Baseline = Apart<Plain<Self>>;
    #[cfg(target_arch = "x86_64")]
    type Avx2 = Apart<HalfSingle>;
    #[cfg(target_arch = "x86_64")]
    type Avx512 = Joined;

    #[inline(always)]
    #[allow(clippy::cast_possible_truncation, reason = "rounding is what single precision is")]
    fn of(x: f64) -> Self {
        x as Self
    }

    #[inline(always)]
    fn double(self) -> f64 {
        f64::from(self)
    }
}
