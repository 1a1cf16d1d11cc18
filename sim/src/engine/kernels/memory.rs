//! Memory for amplitudes.
#![allow(unsafe_code)]

use super::Block;

/// A large page of the processor. Units: bytes.
#[cfg(target_os = "linux")]
const LARGE_PAGE: usize = 2 << 20;

/// Blocks of zeros, on large pages where the system has them: tiles gather short runs from all over
/// a register, and small pages of a large one are more than the processor remembers.
pub(crate) fn zeros(len: usize) -> Vec<Block> {
    let mut out: Vec<Block> = Vec::with_capacity(len);
    ask_for_large_pages(&mut out);
    out.resize(len, Block::ZERO);
    out
}

#[cfg(target_os = "linux")]
fn ask_for_large_pages(memory: &mut Vec<Block>) {
    use std::ffi::{c_int, c_void};
    unsafe extern "C" {
        fn madvise(addr: *mut c_void, len: usize, advice: c_int) -> c_int;
    }
    const MADV_HUGEPAGE: c_int = 14;
    let start = memory.as_mut_ptr() as usize;
    let end = start + memory.capacity() * size_of::<Block>();
    let (first, last) = (start.next_multiple_of(LARGE_PAGE), end / LARGE_PAGE * LARGE_PAGE);
    if first < last {
        // SAFETY: whole pages inside of memory that is ours and holds nothing yet; it is advice, and
        // nothing changes where it is refused.
        unsafe { madvise(first as *mut c_void, last - first, MADV_HUGEPAGE) };
    }
}

#[cfg(not(target_os = "linux"))]
fn ask_for_large_pages(_: &mut Vec<Block>) {}
