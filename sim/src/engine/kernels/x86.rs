//! Registers of the processors of the x86-64 family.
//!
//! SAFETY of the whole file: the kernels use these types only inside functions that are compiled for
//! the instruction set and called after asking the processor; addresses come from references to
//! eight numbers, or to a block, which is two times eight in a row.
#![allow(unsafe_code, clippy::undocumented_unsafe_blocks, reason = "said once, at the top")]

use std::arch::x86_64::{
    __m256, __m256d, __m512, __m512d, _mm256_add_epi32, _mm256_fmadd_pd, _mm256_fmadd_ps, _mm256_fnmadd_pd,
    _mm256_fnmadd_ps, _mm256_loadu_pd, _mm256_loadu_ps, _mm256_loadu_si256, _mm256_mul_pd, _mm256_mul_ps,
    _mm256_permute_pd, _mm256_permute_ps, _mm256_permute2f128_ps, _mm256_permute4x64_pd,
    _mm256_permutevar8x32_ps, _mm256_set1_epi32, _mm256_storeu_pd, _mm256_storeu_ps, _mm512_castsi256_si512,
    _mm512_cvtepi32_epi64, _mm512_fmadd_pd, _mm512_fmadd_ps, _mm512_fnmadd_pd, _mm512_fnmadd_ps,
    _mm512_inserti64x4, _mm512_loadu_pd, _mm512_loadu_ps, _mm512_mask_blend_ps, _mm512_mul_pd, _mm512_mul_ps,
    _mm512_permute_pd, _mm512_permute_ps, _mm512_permutex_pd, _mm512_permutexvar_pd, _mm512_permutexvar_ps,
    _mm512_set1_ps, _mm512_shuffle_f32x4, _mm512_shuffle_f64x2, _mm512_storeu_pd, _mm512_storeu_ps,
    _mm512_xor_ps,
};

use super::amps::{Amps, Part};
use super::eight::{Eight, crossed, gathered};
use super::{Block, LANES, Real};

/// The lanes that differ from each by a mask.
static CROSSED: [[i32; LANES]; LANES] = {
    let mut all = [[0; LANES]; LANES];
    let mut at = 0;
    while at < LANES * LANES {
        all[at / LANES][at % LANES] = ((at / LANES) ^ (at % LANES)) as i32;
        at += 1;
    }
    all
};

/// Eight numbers of double precision in two registers of AVX2.
#[derive(Clone, Copy)]
pub(crate) struct Half(__m256d, __m256d);

/// Eight numbers of double precision in one register of AVX-512.
#[derive(Clone, Copy)]
pub(crate) struct Whole(__m512d);

/// Eight numbers of single precision in one register of AVX2.
#[derive(Clone, Copy)]
pub(crate) struct HalfSingle(__m256);

/// Real and imaginary parts of a block of single precision in one register of AVX-512: half a
/// register would compute no more in a cycle than double precision does.
#[derive(Clone, Copy)]
pub(crate) struct Joined(__m512);

impl Part for Half {
    #[inline(always)]
    fn times_plus(self, a: Self, b: Self) -> Self {
        unsafe { Self(_mm256_fmadd_pd(self.0, a.0, b.0), _mm256_fmadd_pd(self.1, a.1, b.1)) }
    }

    #[inline(always)]
    fn times_from(self, a: Self, b: Self) -> Self {
        unsafe { Self(_mm256_fnmadd_pd(self.0, a.0, b.0), _mm256_fnmadd_pd(self.1, a.1, b.1)) }
    }

    #[inline(always)]
    fn crossed(self, mask: usize) -> Self {
        crossed(self, mask)
    }
}

impl Eight for Half {
    type F = f64;
    const WIDE: usize = 2;

    #[inline(always)]
    fn read(from: &[f64; LANES]) -> Self {
        unsafe { Self(_mm256_loadu_pd(from.as_ptr()), _mm256_loadu_pd(from.as_ptr().add(4))) }
    }

    #[inline(always)]
    fn write(self, to: &mut [f64; LANES]) {
        unsafe {
            _mm256_storeu_pd(to.as_mut_ptr(), self.0);
            _mm256_storeu_pd(to.as_mut_ptr().add(4), self.1);
        }
    }

    #[inline(always)]
    fn times(self, a: Self) -> Self {
        unsafe { Self(_mm256_mul_pd(self.0, a.0), _mm256_mul_pd(self.1, a.1)) }
    }

    #[inline(always)]
    fn exchanged<const X: usize>(self) -> Self {
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

    #[inline(always)]
    fn gathered(self, index: &[i32; LANES]) -> Self {
        gathered(self, index)
    }
}

impl Part for Whole {
    #[inline(always)]
    fn times_plus(self, a: Self, b: Self) -> Self {
        unsafe { Self(_mm512_fmadd_pd(self.0, a.0, b.0)) }
    }

    #[inline(always)]
    fn times_from(self, a: Self, b: Self) -> Self {
        unsafe { Self(_mm512_fnmadd_pd(self.0, a.0, b.0)) }
    }

    #[inline(always)]
    fn crossed(self, mask: usize) -> Self {
        self.gathered(&CROSSED[mask & 7])
    }
}

impl Eight for Whole {
    type F = f64;
    const WIDE: usize = 4;

    #[inline(always)]
    fn read(from: &[f64; LANES]) -> Self {
        unsafe { Self(_mm512_loadu_pd(from.as_ptr())) }
    }

    #[inline(always)]
    fn write(self, to: &mut [f64; LANES]) {
        unsafe { _mm512_storeu_pd(to.as_mut_ptr(), self.0) }
    }

    #[inline(always)]
    fn times(self, a: Self) -> Self {
        unsafe { Self(_mm512_mul_pd(self.0, a.0)) }
    }

    #[inline(always)]
    fn exchanged<const X: usize>(self) -> Self {
        unsafe {
            match X {
                1 => Self(_mm512_permute_pd::<0b0101_0101>(self.0)),
                2 => Self(_mm512_permutex_pd::<0b01_00_11_10>(self.0)),
                _ => Self(_mm512_shuffle_f64x2::<0b01_00_11_10>(self.0, self.0)),
            }
        }
    }

    #[inline(always)]
    fn gathered(self, index: &[i32; LANES]) -> Self {
        unsafe {
            let index = _mm512_cvtepi32_epi64(_mm256_loadu_si256(index.as_ptr().cast()));
            Self(_mm512_permutexvar_pd(index, self.0))
        }
    }
}

impl Part for HalfSingle {
    #[inline(always)]
    fn times_plus(self, a: Self, b: Self) -> Self {
        unsafe { Self(_mm256_fmadd_ps(self.0, a.0, b.0)) }
    }

    #[inline(always)]
    fn times_from(self, a: Self, b: Self) -> Self {
        unsafe { Self(_mm256_fnmadd_ps(self.0, a.0, b.0)) }
    }

    #[inline(always)]
    fn crossed(self, mask: usize) -> Self {
        self.gathered(&CROSSED[mask & 7])
    }
}

impl Eight for HalfSingle {
    type F = f32;
    const WIDE: usize = 3;

    #[inline(always)]
    fn read(from: &[f32; LANES]) -> Self {
        unsafe { Self(_mm256_loadu_ps(from.as_ptr())) }
    }

    #[inline(always)]
    fn write(self, to: &mut [f32; LANES]) {
        unsafe { _mm256_storeu_ps(to.as_mut_ptr(), self.0) }
    }

    #[inline(always)]
    fn times(self, a: Self) -> Self {
        unsafe { Self(_mm256_mul_ps(self.0, a.0)) }
    }

    #[inline(always)]
    fn exchanged<const X: usize>(self) -> Self {
        unsafe {
            match X {
                1 => Self(_mm256_permute_ps::<0b10_11_00_01>(self.0)),
                2 => Self(_mm256_permute_ps::<0b01_00_11_10>(self.0)),
                _ => Self(_mm256_permute2f128_ps::<1>(self.0, self.0)),
            }
        }
    }

    #[inline(always)]
    fn gathered(self, index: &[i32; LANES]) -> Self {
        unsafe { Self(_mm256_permutevar8x32_ps(self.0, _mm256_loadu_si256(index.as_ptr().cast()))) }
    }
}

impl Part for Joined {
    #[inline(always)]
    fn times_plus(self, a: Self, b: Self) -> Self {
        unsafe { Self(_mm512_fmadd_ps(self.0, a.0, b.0)) }
    }

    #[inline(always)]
    fn times_from(self, a: Self, b: Self) -> Self {
        unsafe { Self(_mm512_fnmadd_ps(self.0, a.0, b.0)) }
    }

    #[inline(always)]
    fn crossed(self, mask: usize) -> Self {
        Amps::gathered(self, &CROSSED[mask & 7])
    }
}

impl Joined {
    /// `sum + self * f`, where `sum` has what the real parts of the factors give.
    #[inline(always)]
    fn turned(self, f: Self, sum: Self) -> Self {
        unsafe {
            let crossed = _mm512_shuffle_f32x4::<0b01_00_11_10>(self.0, self.0);
            let im = _mm512_shuffle_f32x4::<0b11_10_11_10>(f.0, f.0);
            let signs = _mm512_mask_blend_ps(0x00ff, _mm512_set1_ps(0.0), _mm512_set1_ps(-0.0));
            Self(_mm512_fmadd_ps(crossed, _mm512_xor_ps(im, signs), sum.0))
        }
    }

    /// Real parts in both halves.
    #[inline(always)]
    fn real(self) -> Self {
        unsafe { Self(_mm512_shuffle_f32x4::<0b01_00_01_00>(self.0, self.0)) }
    }
}

impl Amps for Joined {
    type F = f32;
    type Part = Self;
    const PARTS: usize = 1;
    const WIDE: usize = 4;
    const WIDE_FIRST: usize = 3;

    #[inline(always)]
    fn read(from: &Block<f32>) -> Self {
        unsafe { Self(_mm512_loadu_ps(std::ptr::from_ref(from).cast())) }
    }

    #[inline(always)]
    fn write(self, to: &mut Block<f32>) {
        unsafe { _mm512_storeu_ps(std::ptr::from_mut(to).cast(), self.0) }
    }

    #[inline(always)]
    fn read_part(from: &Block<f32>, _: usize) -> Self {
        Self::read(from)
    }

    #[inline(always)]
    fn write_part(x: Self, to: &mut Block<f32>, _: usize) {
        x.write(to);
    }

    #[inline(always)]
    fn factors(of: &[f64; LANES]) -> Self {
        let of = of.map(f32::of);
        Self::read(&Block { re: of, im: of })
    }

    #[inline(always)]
    fn times(self, f: Self) -> Self {
        unsafe { self.turned(f, Self(_mm512_mul_ps(self.0, f.real().0))) }
    }

    #[inline(always)]
    fn times_plus(self, f: Self, more: Self) -> Self {
        self.turned(f, Part::times_plus(self, f.real(), more))
    }

    #[inline(always)]
    fn by(self, t: Self) -> Self {
        unsafe { Self(_mm512_mul_ps(self.0, t.0)) }
    }

    #[inline(always)]
    fn plus(self, y: Self, t: Self) -> Self {
        Part::times_plus(y, t, self)
    }

    #[inline(always)]
    fn minus(self, y: Self, t: Self) -> Self {
        y.times_from(t, self)
    }

    #[inline(always)]
    fn exchanged<const X: usize>(self) -> Self {
        unsafe {
            match X {
                1 => Self(_mm512_permute_ps::<0b10_11_00_01>(self.0)),
                2 => Self(_mm512_permute_ps::<0b01_00_11_10>(self.0)),
                _ => Self(_mm512_shuffle_f32x4::<0b10_11_00_01>(self.0, self.0)),
            }
        }
    }

    #[inline(always)]
    fn crossed(self, mask: usize) -> Self {
        Amps::gathered(self, &CROSSED[mask & 7])
    }

    #[inline(always)]
    fn gathered(self, index: &[i32; LANES]) -> Self {
        unsafe {
            let low = _mm256_loadu_si256(index.as_ptr().cast());
            let high = _mm256_add_epi32(low, _mm256_set1_epi32(8));
            let index = _mm512_inserti64x4::<1>(_mm512_castsi256_si512(low), high);
            Self(_mm512_permutexvar_ps(index, self.0))
        }
    }
}
