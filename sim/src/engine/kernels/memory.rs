//! Memory for amplitudes.
#![allow(unsafe_code)]

use std::ops::{Deref, DerefMut};

use super::{Block, Real};

/// A large page of the processor. Units: bytes.
#[cfg(target_os = "linux")]
const LARGE_PAGE: usize = 2 << 20;

/// Blocks of a register, on large pages where the system has them: tiles gather short runs from all
/// over a register, and small pages of a large one are more than the processor remembers.
///
/// The system hands out fresh pages as zeros, so nothing is written here: each page is cleared when
/// it is first touched, by the thread that needs it. The standard library asks for such memory only
/// where the alignment is small, hence numbers of 16 bytes with room to align.
#[derive(Debug)]
pub(crate) struct Memory<F> {
    raw: Vec<u128>,
    /// Where the first block begins in `raw`.
    first: usize,
    len: usize,
    of: std::marker::PhantomData<F>,
}

/// Units: numbers of `raw`.
const ALIGN: usize = align_of::<Block>() / size_of::<u128>();

impl<F: Real> Memory<F> {
    /// All zero.
    pub(crate) fn zeros(len: usize) -> Self {
        let size = len * size_of::<Block<F>>() / size_of::<u128>();
        let raw = vec![0; size + ALIGN];
        let place = raw.as_ptr() as usize / size_of::<u128>();
        let out =
            Self { first: place.next_multiple_of(ALIGN) - place, raw, len, of: std::marker::PhantomData };
        ask_for_large_pages(&out);
        out
    }
}

impl<F: Real> Clone for Memory<F> {
    fn clone(&self) -> Self {
        let mut out = Self::zeros(self.len);
        out.copy_from_slice(self);
        out
    }
}

impl<F: Real> Deref for Memory<F> {
    type Target = [Block<F>];

    fn deref(&self) -> &[Block<F>] {
        let place = self.raw[self.first..].as_ptr();
        // SAFETY: `zeros` made room for `len` blocks from here, which is aligned for a block; any bits
        // are numbers.
        unsafe { std::slice::from_raw_parts(place.cast(), self.len) }
    }
}

impl<F: Real> DerefMut for Memory<F> {
    fn deref_mut(&mut self) -> &mut [Block<F>] {
        let place = self.raw[self.first..].as_mut_ptr();
        // SAFETY: as above, and nobody else has a reference.
        unsafe { std::slice::from_raw_parts_mut(place.cast(), self.len) }
    }
}

#[cfg(target_os = "linux")]
fn ask_for_large_pages<F: Real>(memory: &[Block<F>]) {
    use std::ffi::{c_int, c_void};
    unsafe extern "C" {
        fn madvise(addr: *mut c_void, len: usize, advice: c_int) -> c_int;
    }
    const MADV_HUGEPAGE: c_int = 14;
    let start = memory.as_ptr() as usize;
    let end = start + size_of_val(memory);
    let (first, last) = (start.next_multiple_of(LARGE_PAGE), end / LARGE_PAGE * LARGE_PAGE);
    if first < last {
        // SAFETY: whole pages inside of memory that is ours; it is advice, and nothing changes where it is refused.
        unsafe { madvise(first as *mut c_void, last - first, MADV_HUGEPAGE) };
    }
}

#[cfg(not(target_os = "linux"))]
fn ask_for_large_pages<F: Real>(_: &[Block<F>]) {}
