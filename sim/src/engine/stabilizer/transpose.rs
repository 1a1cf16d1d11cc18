//! From one line of shots per outcome to one row of outcomes per shot.

/// For each outcome, one bit per shot: shot s is bit s % 64 of word s / 64.
pub(crate) type Lines<const W: usize> = Vec<[u64; W]>;

/// Turns 64 words of 64 bits about the diagonal from top left; the first bit of a word is its
/// most significant.
fn turn(block: &mut [u64; 64]) {
    let mut width = 32;
    let mut mask = 0x0000_0000_ffff_ffffu64;
    while width > 0 {
        let mut at = 0;
        while at < 64 {
            let differ = (block[at] ^ block[at + width] >> width) & mask;
            block[at] ^= differ;
            block[at + width] ^= differ << width;
            at = (at + width + 1) & !width;
        }
        width >>= 1;
        mask ^= mask << width;
    }
}

/// Fills rows of `words` words each, as many as there are.
pub(crate) fn rows_of<const W: usize>(lines: &[[u64; W]], words: usize, keys: &mut [u64]) {
    let shots = keys.len() / words;
    for (column, group) in lines.chunks(64).enumerate() {
        for word in 0..shots.div_ceil(64) {
            let mut block = [0; 64];
            block.iter_mut().zip(group).for_each(|(b, line)| *b = line[word]);
            turn(&mut block);
            // Shot s stood in bit s, so after the turn it is row 63 - s.
            let here = (shots - 64 * word).min(64);
            for (s, row) in block.iter().rev().take(here).enumerate() {
                keys[(64 * word + s) * words + column] = *row;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{Rng, Rows, bit};

    #[test]
    fn every_bit_arrives() {
        let mut rng = Rng::new(1);
        let lines: Lines<2> = (0..130).map(|_| [rng.bits(), rng.bits()]).collect();
        let mut rows = Rows::of_one_each(130, 100);
        rows_of(&lines, rows.words, &mut rows.keys);
        for (shot, (row, count)) in rows.iter().enumerate() {
            assert_eq!(count, 1);
            for (at, line) in lines.iter().enumerate() {
                assert_eq!(bit(row, at), line[shot / 64] >> (shot % 64) & 1 == 1, "{shot} {at}");
            }
        }
    }
}
