//! Bit strings with their order in the type.

use std::fmt;

/// Measured or basis bits; the first character belongs to qubit (or column) 0.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BitString {
    bits: Vec<bool>,
}

impl BitString {
    /// From bits, column 0 first.
    pub fn new(bits: Vec<bool>) -> Self {
        Self { bits }
    }

    /// The lowest `n` bits of an index whose most significant bit is column 0.
    pub fn from_index(index: u64, n: u32) -> Self {
        Self { bits: (0..n).map(|k| n - 1 - k < 64 && index >> (n - 1 - k) & 1 == 1).collect() }
    }

    /// Bits, column 0 first.
    pub fn bits(&self) -> &[bool] {
        &self.bits
    }

    /// The index whose most significant bit is column 0; `None` above 64 bits.
    pub fn to_index(&self) -> Option<u64> {
        (self.bits.len() <= 64).then(|| self.bits.iter().fold(0, |a, &b| a << 1 | u64::from(b)))
    }

    /// The same bits with column 0 on the right, as Qiskit writes them.
    #[must_use]
    pub fn reversed(&self) -> Self {
        Self { bits: self.bits.iter().rev().copied().collect() }
    }
}

impl fmt::Display for BitString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.bits.iter().try_for_each(|&b| f.write_str(if b { "1" } else { "0" }))
    }
}

/// What stands where only 0 and 1 may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a bit string holds only 0 and 1, found {0:?}")]
pub struct NotABit(pub char);

impl std::str::FromStr for BitString {
    type Err = NotABit;

    fn from_str(text: &str) -> Result<Self, NotABit> {
        text.chars()
            .map(|c| match c {
                '0' => Ok(false),
                '1' => Ok(true),
                other => Err(NotABit(other)),
            })
            .collect::<Result<_, _>>()
            .map(Self::new)
    }
}
