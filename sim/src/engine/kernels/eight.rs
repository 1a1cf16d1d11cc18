//! Eight numbers in registers, spelled out for each instruction set.
//!
//! A loop over eight lanes leaves the choice to the compiler, and for AVX-512 it gathers single
//! numbers from eight blocks, which is eight times slower than reading blocks whole.
#![allow(unsafe_code)]

use super::{Block, LANES};

/// Eight numbers. Implementations of an instruction set are used only inside functions that have it.
pub(crate) trait Eight: Copy {
    fn read(from: &[f64; LANES]) -> Self;
    fn write(self, to: &mut [f64; LANES]);
    fn times(self, a: Self) -> Self;
    /// `self * a + b`.
    fn times_plus(self, a: Self, b: Self) -> Self;
    /// `b - self * a`.
    fn times_from(self, a: Self, b: Self) -> Self;
    /// Lanes exchanged that differ in the bit X, which is 1, 2 or 4.
    fn exchanged<const X: usize>(self) -> Self;
    /// Lanes exchanged that differ in the bits of a mask, found when running.
    #[inline(always)]
    fn crossed(self, mask: usize) -> Self {
        crossed(self, mask)
    }
    /// Each lane from the place that the index names.
    #[inline(always)]
    fn gathered(self, index: &[i64; LANES]) -> Self {
        gathered(self, index)
    }
    /// Bits between blocks that one pass turns: the blocks of a group must fit the registers.
    const WIDE: usize = 2;
    /// The same where real and imaginary parts are held together.
    const WIDE_FIRST: usize = 1;
}

/// Lanes exchanged by one step for each bit of a mask.
#[inline(always)]
fn crossed<V: Eight>(mut x: V, mask: usize) -> V {
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
fn gathered<V: Eight>(x: V, index: &[i64; LANES]) -> V {
    let mut from = [0.0; LANES];
    x.write(&mut from);
    V::read(&std::array::from_fn(|l| from[index[l] as usize & 7]))
}

/// What every processor has.
#[derive(Clone, Copy)]
pub(crate) struct Plain([f64; LANES]);

impl Eight for Plain {
    #[inline(always)]
    fn read(from: &[f64; LANES]) -> Self {
        Self(*from)
    }

    #[inline(always)]
    fn write(self, to: &mut [f64; LANES]) {
        *to = self.0;
    }

    #[inline(always)]
    fn times(self, a: Self) -> Self {
        Self(std::array::from_fn(|l| self.0[l] * a.0[l]))
    }

    #[inline(always)]
    fn times_plus(self, a: Self, b: Self) -> Self {
        Self(std::array::from_fn(|l| self.0[l] * a.0[l] + b.0[l]))
    }

    #[inline(always)]
    fn times_from(self, a: Self, b: Self) -> Self {
        Self(std::array::from_fn(|l| b.0[l] - self.0[l] * a.0[l]))
    }

    #[inline(always)]
    fn exchanged<const X: usize>(self) -> Self {
        Self(std::array::from_fn(|l| self.0[l ^ X]))
    }
}

#[cfg(target_arch = "x86_64")]
pub(crate) use x86::{Half, Whole};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m256d, __m512d, _mm256_fmadd_pd, _mm256_fnmadd_pd, _mm256_loadu_pd, _mm256_mul_pd,
        _mm256_permute_pd, _mm256_permute4x64_pd, _mm256_storeu_pd, _mm512_fmadd_pd, _mm512_fnmadd_pd,
        _mm512_loadu_epi64, _mm512_loadu_pd, _mm512_mul_pd, _mm512_permute_pd, _mm512_permutex_pd,
        _mm512_permutexvar_pd, _mm512_shuffle_f64x2, _mm512_storeu_pd,
    };

    use super::{Eight, LANES};

    /// The lanes that differ from each by a mask.
    static CROSSED: [[i64; LANES]; LANES] = {
        let mut all = [[0; LANES]; LANES];
        let mut at = 0;
        while at < LANES * LANES {
            all[at / LANES][at % LANES] = ((at / LANES) ^ (at % LANES)) as i64;
            at += 1;
        }
        all
    };

    /// Two registers of AVX2.
    #[derive(Clone, Copy)]
    pub(crate) struct Half(__m256d, __m256d);

    /// One register of AVX-512.
    #[derive(Clone, Copy)]
    pub(crate) struct Whole(__m512d);

    // SAFETY of both implementations: the kernels use them only inside functions that are compiled
    // for the instruction set and called after asking the processor; addresses come from references
    // to eight numbers.
    impl Eight for Half {
        #[inline(always)]
        fn read(from: &[f64; LANES]) -> Self {
            // SAFETY: as above.
            unsafe { Self(_mm256_loadu_pd(from.as_ptr()), _mm256_loadu_pd(from.as_ptr().add(4))) }
        }

        #[inline(always)]
        fn write(self, to: &mut [f64; LANES]) {
            // SAFETY: as above.
            unsafe {
                _mm256_storeu_pd(to.as_mut_ptr(), self.0);
                _mm256_storeu_pd(to.as_mut_ptr().add(4), self.1);
            }
        }

        #[inline(always)]
        fn times(self, a: Self) -> Self {
            // SAFETY: as above.
            unsafe { Self(_mm256_mul_pd(self.0, a.0), _mm256_mul_pd(self.1, a.1)) }
        }

        #[inline(always)]
        fn times_plus(self, a: Self, b: Self) -> Self {
            // SAFETY: as above.
            unsafe { Self(_mm256_fmadd_pd(self.0, a.0, b.0), _mm256_fmadd_pd(self.1, a.1, b.1)) }
        }

        #[inline(always)]
        fn times_from(self, a: Self, b: Self) -> Self {
            // SAFETY: as above.
            unsafe { Self(_mm256_fnmadd_pd(self.0, a.0, b.0), _mm256_fnmadd_pd(self.1, a.1, b.1)) }
        }

        #[inline(always)]
        fn exchanged<const X: usize>(self) -> Self {
            // SAFETY: as above.
            unsafe {
                match X {
                    1 => Self(_mm256_permute_pd::<0b0101>(self.0), _mm256_permute_pd::<0b0101>(self.1)),
                    2 => Self(
                        _mm256_permute4x64_pd::<0b01_00_11_10>(self.0),
                        _mm256_permute4x64_pd::<0b01_00_11_10>(self.1),
                    ),
                    _ => Self(self.1, self.0),
                }
            }
        }
    }

    impl Eight for Whole {
        #[inline(always)]
        fn read(from: &[f64; LANES]) -> Self {
            // SAFETY: as above.
            unsafe { Self(_mm512_loadu_pd(from.as_ptr())) }
        }

        #[inline(always)]
        fn write(self, to: &mut [f64; LANES]) {
            // SAFETY: as above.
            unsafe { _mm512_storeu_pd(to.as_mut_ptr(), self.0) }
        }

        #[inline(always)]
        fn times(self, a: Self) -> Self {
            // SAFETY: as above.
            unsafe { Self(_mm512_mul_pd(self.0, a.0)) }
        }

        #[inline(always)]
        fn times_plus(self, a: Self, b: Self) -> Self {
            // SAFETY: as above.
            unsafe { Self(_mm512_fmadd_pd(self.0, a.0, b.0)) }
        }

        #[inline(always)]
        fn times_from(self, a: Self, b: Self) -> Self {
            // SAFETY: as above.
            unsafe { Self(_mm512_fnmadd_pd(self.0, a.0, b.0)) }
        }

        #[inline(always)]
        fn exchanged<const X: usize>(self) -> Self {
            // SAFETY: as above.
            unsafe {
                match X {
                    1 => Self(_mm512_permute_pd::<0b0101_0101>(self.0)),
                    2 => Self(_mm512_permutex_pd::<0b01_00_11_10>(self.0)),
                    _ => Self(_mm512_shuffle_f64x2::<0b01_00_11_10>(self.0, self.0)),
                }
            }
        }

        #[inline(always)]
        fn crossed(self, mask: usize) -> Self {
            self.gathered(&CROSSED[mask & 7])
        }

        #[inline(always)]
        fn gathered(self, index: &[i64; LANES]) -> Self {
            // SAFETY: as above.
            unsafe { Self(_mm512_permutexvar_pd(_mm512_loadu_epi64(index.as_ptr()), self.0)) }
        }

        const WIDE: usize = 4;
        const WIDE_FIRST: usize = 3;
    }
}

/// A block in registers.
#[derive(Clone, Copy)]
pub(super) struct Amps<V> {
    pub(super) re: V,
    pub(super) im: V,
}

impl<V: Eight> Amps<V> {
    #[inline(always)]
    pub(super) fn read(from: &Block) -> Self {
        Self { re: V::read(&from.re), im: V::read(&from.im) }
    }

    #[inline(always)]
    pub(super) fn write(self, to: &mut Block) {
        self.re.write(&mut to.re);
        self.im.write(&mut to.im);
    }

    /// The product with factors, lane by lane.
    #[inline(always)]
    pub(super) fn times(self, f: Self) -> Self {
        let re = self.im.times_from(f.im, self.re.times(f.re));
        let im = self.im.times_plus(f.re, self.re.times(f.im));
        Self { re, im }
    }

    /// `self * f + more`.
    #[inline(always)]
    pub(super) fn times_plus(self, f: Self, more: Self) -> Self {
        let re = self.im.times_from(f.im, self.re.times_plus(f.re, more.re));
        let im = self.im.times_plus(f.re, self.re.times_plus(f.im, more.im));
        Self { re, im }
    }

    /// `self + t y` with real t.
    #[inline(always)]
    pub(super) fn plus(self, y: Self, t: V) -> Self {
        Self { re: y.re.times_plus(t, self.re), im: y.im.times_plus(t, self.im) }
    }

    /// `self - t y` with real t.
    #[inline(always)]
    pub(super) fn minus(self, y: Self, t: V) -> Self {
        Self { re: y.re.times_from(t, self.re), im: y.im.times_from(t, self.im) }
    }

    #[inline(always)]
    pub(super) fn crossed(self, mask: usize) -> Self {
        Self { re: self.re.crossed(mask), im: self.im.crossed(mask) }
    }

    #[inline(always)]
    pub(super) fn gathered(self, index: &[i64; LANES]) -> Self {
        Self { re: self.re.gathered(index), im: self.im.gathered(index) }
    }

    #[inline(always)]
    pub(super) fn exchanged<const X: usize>(self) -> Self {
        Self { re: self.re.exchanged::<X>(), im: self.im.exchanged::<X>() }
    }
}
