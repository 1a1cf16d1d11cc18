//! Bit strings with their order in the type.

use std::fmt;

use smallvec::SmallVec;

/// Measured or basis bits; the first character belongs to qubit (or column) 0.
///
/// Packed: many shots of wide registers are kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BitString {
    /// Column 0 is the most significant bit of the first word; what follows the last column is 0, so
    /// that strings in order have words in order.
    words: SmallVec<[u64; 1]>,
    len: u32,
}

impl BitString {
    /// From bits, column 0 first.
    pub fn new(bits: impl IntoIterator<Item = bool>) -> Self {
        let (mut words, mut len) = (SmallVec::new(), 0u32);
        for bit in bits {
            if len.is_multiple_of(64) {
                words.push(0);
            }
            if let Some(last) = words.last_mut() {
                *last |= u64::from(bit) << (63 - len % 64);
            }
            len += 1;
        }
        Self { words, len }
    }

    /// The first `len` bits of words, the most significant first.
    pub(crate) fn from_words(words: &[u64], len: usize) -> Self {
        let mut words = SmallVec::from_slice(&words[..len.div_ceil(64)]);
        if let Some(last) = words.last_mut().filter(|_| !len.is_multiple_of(64)) {
            *last &= !(u64::MAX >> (len % 64));
        }
        Self { words, len: len as u32 }
    }

    /// The lowest `n` bits of an index whose most significant bit is column 0.
    pub fn from_index(index: u64, n: u32) -> Self {
        Self::new((0..n).rev().map(|k| k < 64 && index >> k & 1 == 1))
    }

    /// Number of bits.
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether there are no bits.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The bit of a column; `None` beyond the last.
    pub fn get(&self, column: usize) -> Option<bool> {
        (column < self.len()).then(|| self.words[column / 64] >> (63 - column % 64) & 1 == 1)
    }

    /// Bits, column 0 first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = bool> + ExactSizeIterator + '_ {
        (0..self.len()).map(|at| self.words[at / 64] >> (63 - at % 64) & 1 == 1)
    }

    /// Whether an odd number of these columns holds 1; columns beyond the last hold 0.
    pub fn parity(&self, columns: &[usize]) -> bool {
        columns.iter().fold(false, |odd, &column| odd ^ (self.get(column) == Some(true)))
    }

    /// The index whose most significant bit is column 0; `None` above 64 bits.
    pub fn to_index(&self) -> Option<u64> {
        match self.len {
            0 => Some(0),
            1..=64 => Some(self.words[0] >> (64 - self.len)),
            _ => None,
        }
    }

    /// The same bits with column 0 on the right, as Qiskit writes them.
    #[must_use]
    pub fn reversed(&self) -> Self {
        Self::new(self.iter().rev())
    }
}

impl fmt::Display for BitString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|b| f.write_str(if b { "1" } else { "0" }))
    }
}

/// What stands where only 0 and 1 may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a bit string holds only 0 and 1, found {0:?}")]
pub struct NotABit(pub char);

impl std::str::FromStr for BitString {
    type Err = NotABit;

    fn from_str(text: &str) -> Result<Self, NotABit> {
        if let Some(other) = text.chars().find(|c| !matches!(c, '0' | '1')) {
            return Err(NotABit(other));
        }
        Ok(Self::new(text.bytes().map(|b| b == b'1')))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts of 0 and 1 as they are ordered by character.
    #[test]
    fn packed_bits_are_the_text_they_show() {
        let mut texts: Vec<String> = Vec::new();
        for len in [0usize, 1, 2, 63, 64, 65, 127, 128, 130] {
            for seed in 0..4u64 {
                let word = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ len as u64;
                texts.push((0..len).map(|k| if word >> (k * 7 % 64) & 1 == 1 { '1' } else { '0' }).collect());
            }
        }
        for text in &texts {
            let bits: BitString = text.parse().unwrap();
            assert_eq!(bits.to_string(), *text);
            assert_eq!(bits.len(), text.len());
            assert_eq!(bits.get(text.len()), None);
            assert_eq!(bits.reversed().to_string(), text.chars().rev().collect::<String>());
            assert_eq!(BitString::from_words(&[u64::MAX; 3], text.len()).to_string(), "1".repeat(text.len()));
            let index = if text.is_empty() { Some(0) } else { u64::from_str_radix(text, 2).ok() };
            assert_eq!(bits.to_index(), index.filter(|_| text.len() <= 64));
            assert_eq!(
                bits.parity(&[0, 1, 64]),
                [0, 1, 64].iter().filter(|&&c| text.get(c..=c) == Some("1")).count() % 2 == 1
            );
            if let (1..=64, Some(index)) = (text.len(), index) {
                assert_eq!(BitString::from_index(index, text.len() as u32), bits);
            }
            for other in &texts {
                assert_eq!(bits.cmp(&other.parse().unwrap()), text.cmp(other), "{text} {other}");
            }
        }
        assert_eq!("0120".parse::<BitString>(), Err(NotABit('2')));
    }
}
