//! Circuits of one family that share their angles: what is trained once and specialised many times.
//!
//! A family has layers of RY and RZ on all qubits with entangling gates between them. A member keeps
//! some of the layers, some of the pairs, and perhaps only RY; an angle keeps its number in every
//! member, so the weights of one are weights of all. Source: Wang et al., QuantumNAS,
//! arXiv:2107.10845.

use std::fmt::Write as _;

use serde::Serialize;
use shotbook_sim::sample::Rng;
use shotbook_sim::target::{Connectivity, Device};

/// Most pairs of a family: bits of a layer.
const MOST_PAIRS: usize = 64;
/// Steps of the search for a place on a device, so that none is endless.
const PLACING_STEPS: u32 = 50_000;

/// All circuits that share one set of angles.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    /// Qubits.
    pub qubits: u32,
    /// Most layers.
    pub layers: u32,
    /// Pairs that a layer may entangle.
    pub pairs: Vec<(u32, u32)>,
    /// Whether features come in first, as `x0`, `x1`, ..
    pub features: bool,
}

/// One circuit of a family.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Member {
    /// RZ beside RY.
    pub with_rz: bool,
    /// Pairs of each layer, a bit each by their place in [`Family::pairs`].
    pub layers: Vec<u64>,
}

impl Family {
    /// Neighbours on a line, and every second qubit where `skips` says so.
    pub fn new(qubits: u32, layers: u32, skips: bool, features: bool) -> Self {
        let mut pairs: Vec<(u32, u32)> = (1..qubits).map(|q| (q - 1, q)).collect();
        if skips {
            pairs.extend((2..qubits).map(|q| (q - 2, q)));
        }
        pairs.truncate(MOST_PAIRS);
        Self { qubits, layers, pairs, features }
    }

    /// Angles that all members share.
    pub fn angles(&self) -> usize {
        2 * self.qubits as usize * (self.layers as usize + 1)
    }

    /// The member with everything.
    pub fn whole(&self) -> Member {
        let all = if self.pairs.len() == MOST_PAIRS { u64::MAX } else { (1 << self.pairs.len()) - 1 };
        Member { with_rz: true, layers: vec![all; self.layers as usize] }
    }

    /// Numbers of the angles of a member, ascending.
    pub fn angles_of(&self, member: &Member) -> Vec<usize> {
        let each = if member.with_rz { 1 } else { 2 };
        (0..2 * self.qubits as usize * (member.layers.len() + 1)).step_by(each).collect()
    }

    /// OpenQASM of a member. Its inputs are the features, if any, then its angles by their numbers.
    pub fn text(&self, member: &Member) -> String {
        let n = self.qubits;
        let mut text = String::from("OPENQASM 3.0;\n");
        for q in (0..n).filter(|_| self.features) {
            let _ = writeln!(text, "input float x{q};");
        }
        for angle in self.angles_of(member) {
            let _ = writeln!(text, "input float a{angle};");
        }
        let _ = writeln!(text, "qubit[{n}] q;");
        for q in (0..n).filter(|_| self.features) {
            let _ = writeln!(text, "h q[{q}];\nry(x{q}) q[{q}];");
        }
        for layer in 0..=member.layers.len() {
            if let Some(pairs) = layer.checked_sub(1).map(|at| member.layers[at]) {
                for (a, b) in self.chosen(pairs) {
                    let _ = writeln!(text, "cnot q[{a}], q[{b}];");
                }
            }
            for q in 0..n {
                let angle = 2 * (layer as u32 * n + q);
                let _ = writeln!(text, "ry(a{angle}) q[{q}];");
                if member.with_rz {
                    let _ = writeln!(text, "rz(a{}) q[{q}];", angle + 1);
                }
            }
        }
        text
    }

    fn chosen(&self, pairs: u64) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.pairs.iter().enumerate().filter(move |(i, _)| pairs >> i & 1 == 1).map(|(_, p)| *p)
    }

    /// Two-qubit gates of a member.
    pub fn entangling(&self, member: &Member) -> u32 {
        member.layers.iter().map(|l| l.count_ones()).sum()
    }

    /// Hardware numbers for the qubits so that every pair of a member is one that the device joins;
    /// `None` where there is no such place, or none was found.
    pub fn place(&self, member: &Member, device: &Device) -> Option<Vec<u32>> {
        let all = member.layers.iter().fold(0, |a, b| a | b);
        if self.qubits > device.n_qubits {
            return None;
        }
        match &device.connectivity {
            Connectivity::Full => Some((0..self.qubits).collect()),
            Connectivity::None => None,
            joined @ Connectivity::Edges(_) => {
                let pairs: Vec<(u32, u32)> = self.chosen(all).collect();
                let mut steps = PLACING_STEPS;
                let mut placed = Vec::new();
                seat(self.qubits, &pairs, joined, &device.qubit_labels, &mut placed, &mut steps)
                    .then_some(placed)
            }
        }
    }

    /// A member at random.
    pub fn random(&self, rng: &mut Rng) -> Member {
        let layers = 1 + rng.below(u64::from(self.layers)) as usize;
        let layers = (0..layers).map(|_| self.some_pairs(rng)).collect();
        Member { with_rz: rng.below(2) == 0, layers }
    }

    fn some_pairs(&self, rng: &mut Rng) -> u64 {
        (0..self.pairs.len()).fold(0, |bits, i| bits | rng.below(2) << i)
    }

    /// A member that differs in one place.
    pub fn mutated(&self, member: &Member, rng: &mut Rng) -> Member {
        let mut new = member.clone();
        match rng.below(6) {
            0 => new.with_rz = !new.with_rz,
            1 if new.layers.len() > 1 => {
                new.layers.pop();
            }
            2 if new.layers.len() < self.layers as usize => new.layers.push(self.some_pairs(rng)),
            _ if !self.pairs.is_empty() => {
                let layer = rng.below(new.layers.len() as u64) as usize;
                new.layers[layer] ^= 1 << rng.below(self.pairs.len() as u64);
            }
            _ => {}
        }
        new
    }

    /// A member with the first layers of one and the last of another.
    pub fn crossed(a: &Member, b: &Member, rng: &mut Rng) -> Member {
        let cut = rng.below(a.layers.len() as u64 + 1) as usize;
        let mut layers = a.layers[..cut].to_vec();
        layers.extend(b.layers.iter().skip(cut));
        if layers.is_empty() {
            layers.clone_from(&a.layers);
        }
        Member { with_rz: if rng.below(2) == 0 { a.with_rz } else { b.with_rz }, layers }
    }
}

/// Seats the qubits one after the other, each beside those that it is joined with.
fn seat(
    n: u32,
    pairs: &[(u32, u32)],
    joined: &Connectivity,
    labels: &[u32],
    placed: &mut Vec<u32>,
    steps: &mut u32,
) -> bool {
    let q = placed.len() as u32;
    if q == n {
        return true;
    }
    for &label in labels {
        if *steps == 0 {
            return false;
        }
        *steps -= 1;
        let fits = !placed.contains(&label)
            && pairs.iter().all(|&(a, b)| {
                let other = if a == q { b } else { a };
                (a != q && b != q) || other >= q || joined.joins(placed[other as usize], label)
            });
        if fits {
            placed.push(label);
            if seat(n, pairs, joined, labels, placed, steps) {
                return true;
            }
            placed.pop();
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::circuit;
    use shotbook_sim::target::Catalogue;

    #[test]
    fn members_share_the_names_of_their_angles() {
        let family = Family::new(3, 2, true, false);
        assert_eq!((family.pairs.len(), family.angles()), (3, 18));
        let small = Member { with_rz: false, layers: vec![0b001] };
        let read = circuit(&family.text(&small)).unwrap();
        let names: Vec<&str> = read.inputs.iter().map(|i| i.name.as_str()).collect();
        assert_eq!(names, ["a0", "a2", "a4", "a6", "a8", "a10"]);
        assert_eq!(family.angles_of(&small), [0, 2, 4, 6, 8, 10]);
        assert_eq!(family.entangling(&small), 1);
        let whole = circuit(&family.text(&family.whole())).unwrap();
        assert_eq!(whole.inputs.len(), family.angles());
        let dressed = Family { features: true, ..family };
        assert_eq!(circuit(&dressed.text(&dressed.whole())).unwrap().inputs.len(), 3 + 18);
    }

    #[test]
    fn whatever_is_bred_is_a_member() {
        let family = Family::new(4, 3, true, false);
        let mut rng = Rng::new(7);
        let mut members: Vec<Member> = (0..20).map(|_| family.random(&mut rng)).collect();
        for i in 0..500 {
            let (a, b) = (&members[i % 20], &members[(i * 7 + 3) % 20]);
            let crossed = Family::crossed(a, b, &mut rng);
            let new = family.mutated(&crossed, &mut rng);
            assert!((1..=3).contains(&new.layers.len()) && new.layers.iter().all(|l| l >> 5 == 0), "{new:?}");
            members[i % 20] = new;
        }
        let different: std::collections::BTreeSet<&Member> = members.iter().collect();
        assert!(different.len() > 5, "{different:?}");
    }

    #[test]
    fn a_triangle_has_no_place_on_a_lattice_and_a_line_has() {
        let device = |name: &str| Catalogue::embedded().devices().iter().find(|d| d.name == name).unwrap();
        let family = Family::new(3, 1, true, false);
        let (line, triangle) = (Member { with_rz: false, layers: vec![0b011] }, family.whole());
        assert_eq!(family.place(&triangle, device("garnet")), None);
        assert!(family.place(&triangle, device("forte-1")).is_some());
        let placed = family.place(&line, device("garnet")).unwrap();
        let joins = |a: usize, b: usize| device("garnet").connectivity.joins(placed[a], placed[b]);
        assert!(joins(0, 1) && joins(1, 2), "{placed:?}");
        assert_eq!(Family::new(200, 1, false, false).place(&line, device("garnet")), None);
    }
}
