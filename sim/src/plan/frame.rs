//! Where the amplitudes of a tile lie while flips under a condition are noted, not done.
//!
//! A flip of one bit that looks at another only renames indices. The frame keeps the names: place
//! and index depend on each other linearly over the integers mod 2. A turn of a bit then pairs the
//! places that differ in a mask, and what was a bit of the index is a parity of bits of the place.

/// An affine map between the indices of a tile and the places where their amplitudes lie.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Frame {
    /// What changes in the place when a bit of the index does.
    flips: Vec<u64>,
    /// The bits of the place whose parity a bit of the index is,
    signs: Vec<u64>,
    /// or the opposite of it, where this mask has the bit.
    odd: u64,
}

impl Frame {
    /// Every index in its own place.
    pub(crate) fn plain(size: u32) -> Self {
        let own: Vec<u64> = (0..size).map(|b| 1 << b).collect();
        Self { flips: own.clone(), signs: own, odd: 0 }
    }

    /// Flips a bit of every index.
    pub(crate) fn flip(&mut self, target: u32) {
        self.odd ^= 1 << target;
    }

    /// Flips a bit of the indices whose other bit is 1.
    pub(crate) fn flip_under(&mut self, control: u32, target: u32) {
        self.signs[target as usize] ^= self.signs[control as usize];
        self.flips[control as usize] ^= self.flips[target as usize];
        self.odd ^= (self.odd >> control & 1) << target;
    }

    /// What changes in the place when a bit of the index does.
    pub(crate) fn flips(&self, bit: u32) -> u64 {
        self.flips[bit as usize]
    }

    /// The parity that a bit of the index is, up to [`Self::is_odd`].
    pub(crate) fn signs(&self, bit: u32) -> u64 {
        self.signs[bit as usize]
    }

    /// Whether a bit of the index is the opposite of its parity.
    pub(crate) fn is_odd(&self, bit: u32) -> bool {
        self.odd >> bit & 1 == 1
    }

    /// The parity of some bits of the index, as a parity of the place and whether it is the opposite.
    pub(crate) fn parity(&self, bits: u64) -> (u64, bool) {
        let signs = members(bits).fold(0, |m, b| m ^ self.signs[b as usize]);
        (signs, (bits & self.odd).count_ones() & 1 == 1)
    }

    /// Whether these bits of the index are bits of the place.
    pub(crate) fn is_plain_on(&self, bits: u64) -> bool {
        self.odd & bits == 0
            && members(bits).all(|b| self.flips[b as usize] == 1 << b && self.signs[b as usize] == 1 << b)
    }

    /// The place of every index.
    pub(crate) fn order(&self) -> Order {
        let first = members(self.odd).fold(0, |p, b| p ^ self.flips[b as usize]);
        let lanes = self.flips.len().min(3);
        let mut within = [0; 8];
        for (l, place) in within.iter_mut().enumerate() {
            *place = self.flips[..lanes]
                .iter()
                .zip(0..)
                .fold(0, |p, (f, b)| p ^ if l >> b & 1 == 1 { *f } else { 0 });
        }
        let mut blocks = vec![first];
        for flips in self.flips.iter().skip(3) {
            blocks.extend_from_within(..);
            let half = blocks.len() / 2;
            blocks[half..].iter_mut().for_each(|p| *p ^= flips);
        }
        Order { blocks, within }
    }
}

/// The places of the indices of a tile, block by block.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Order {
    /// The place of the first index of each block.
    pub(crate) blocks: Vec<u64>,
    /// What changes in it from there to each of the eight.
    pub(crate) within: [u64; 8],
}

/// The bits of a mask, lowest first.
pub(crate) fn members(mask: u64) -> impl Iterator<Item = u32> {
    let mut left = mask;
    std::iter::from_fn(move || {
        let bit = left.trailing_zeros();
        left &= left.wrapping_sub(1);
        (bit < 64).then_some(bit)
    })
}

/// Masks that none of the others make up.
#[derive(Clone, Default)]
pub(crate) struct Independent {
    /// Each with a highest bit that the others lack.
    reduced: Vec<u64>,
}

impl Independent {
    /// Takes a mask in, unless those that are in make it up.
    pub(crate) fn take(&mut self, mut mask: u64) -> bool {
        for r in &self.reduced {
            mask = mask.min(mask ^ r);
        }
        if mask == 0 {
            return false;
        }
        let top = 1u64 << mask.ilog2();
        for r in &mut self.reduced {
            if *r & top != 0 {
                *r ^= mask;
            }
        }
        self.reduced.push(mask);
        true
    }

    /// One bit of each: indices that lack them all reach every index in exactly one way.
    pub(crate) fn tops(&self) -> u64 {
        self.reduced.iter().fold(0, |m, r| m | 1 << r.ilog2())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Rng;

    /// Follows indices through random flips and compares with where the frame says they lie.
    #[test]
    fn a_frame_knows_the_place_of_every_index() {
        for size in 1..=6u32 {
            let (mut rng, mut frame) = (Rng::new(u64::from(size)), Frame::plain(size));
            // The index that the amplitude in each place has.
            let mut index: Vec<u64> = (0..1 << size).collect();
            for _ in 0..40 {
                let (a, b) = (rng.below(u64::from(size)) as u32, rng.below(u64::from(size)) as u32);
                if a == b {
                    frame.flip(a);
                    index.iter_mut().for_each(|i| *i ^= 1 << a);
                } else {
                    frame.flip_under(a, b);
                    index.iter_mut().for_each(|i| *i ^= (*i >> a & 1) << b);
                }
                let order = frame.order();
                for (place, &i) in (0u64..).zip(&index) {
                    assert_eq!(order.blocks[(i >> 3) as usize] ^ order.within[(i & 7) as usize], place);
                    let bits = rng.below(1 << size);
                    let (signs, odd) = frame.parity(bits);
                    assert_eq!(
                        (i & bits).count_ones() % 2 == 1,
                        ((place & signs).count_ones() % 2 == 1) ^ odd
                    );
                }
            }
        }
    }

    #[test]
    fn what_others_make_up_is_not_independent() {
        let mut some = Independent::default();
        assert!(some.take(0b0110) && some.take(0b0011) && !some.take(0b0101) && some.take(0b1000));
        assert_eq!(some.tops().count_ones(), 3);
    }
}
