//! One group of points with equal shots, cut into the fewest tasks.

use super::{Body, ENVELOPE_BYTES, Limits, Misfit, Point, SetLimits};

/// Largest group that is searched exhaustively when the size of actions binds.
const EXACT: usize = 12;

/// Points that may share a set.
pub(super) struct Group<'a> {
    pub points: &'a [Point],
    pub bodies: &'a [Body],
    pub limits: &'a Limits,
    pub shots_each: u64,
    /// Points by index; one that was split may stand twice.
    pub members: Vec<u32>,
}

/// How many executables a set of this group has.
#[derive(Clone, Copy)]
struct Span {
    least: usize,
    most: usize,
}

/// A set that is being filled.
#[derive(Clone, Default)]
struct Bin {
    members: Vec<u32>,
    circuits: Vec<u32>,
    bytes: u64,
}

impl Group<'_> {
    /// The members of each task; a task of one is a single task.
    pub fn cut(mut self, set: Option<SetLimits>) -> Result<Vec<Vec<u32>>, Misfit> {
        // Points of one circuit side by side share its text.
        self.members.sort_by_key(|&p| (self.points[p as usize].circuit, p));
        let Some(span) = set.and_then(|s| self.span(&s)) else { return self.singles(&self.members) };
        let by_count = self.by_count(span);
        if by_count.iter().all(|bin| self.size(bin) <= self.limits.action_bytes) {
            return self.with_singles(by_count, span);
        }
        let packed = self.filled(self.by_size(span.most), span);
        let packed =
            if self.members.len() <= EXACT && packed.len() > 1 { self.exact(span, packed) } else { packed };
        self.with_singles(packed, span)
    }

    /// Executables of a legal set; `None` where no set is legal.
    fn span(&self, set: &SetLimits) -> Option<Span> {
        let least = set.total_shots.0.div_ceil(self.shots_each).max(2);
        let most = set.executables.min(set.total_shots.1 / self.shots_each);
        let whole = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        (least <= most).then_some(Span { least: whole(least), most: whole(most) })
    }

    /// Sets as even as their number allows, then single points: exact where sizes do not bind.
    ///
    /// With j sets, j * least <= n, the tasks are j + max(0, n - j * most): more sets are better
    /// until they hold everything.
    fn by_count(&self, span: Span) -> Vec<Vec<u32>> {
        let n = self.members.len();
        let sets = n.div_ceil(span.most).min(n / span.least);
        let held = n.min(sets.saturating_mul(span.most));
        let mut out = Vec::with_capacity(sets + n - held);
        let mut at = 0;
        for i in 0..sets {
            let take = held / sets + usize::from(i < held % sets);
            out.push(self.members[at..at + take].to_vec());
            at += take;
        }
        out.extend(self.members[at..].iter().map(|&p| vec![p]));
        out
    }

    /// Bytes of the action of a set.
    fn size(&self, members: &[u32]) -> u64 {
        let mut bin = Bin::default();
        members.iter().for_each(|&p| self.add(&mut bin, p));
        bin.bytes
    }

    fn add(&self, bin: &mut Bin, p: u32) {
        let point = self.points[p as usize];
        bin.bytes += self.more(bin, p);
        if !bin.circuits.contains(&point.circuit) {
            bin.circuits.push(point.circuit);
        }
        bin.members.push(p);
    }

    /// What a point adds to the action of a set.
    fn more(&self, bin: &Bin, p: u32) -> u64 {
        let point = self.points[p as usize];
        let text = if bin.circuits.contains(&point.circuit) {
            0
        } else {
            ENVELOPE_BYTES + self.bodies[point.circuit as usize].bytes
        };
        text + point.bytes
    }

    fn fits(&self, bin: &Bin, p: u32, most: usize) -> bool {
        bin.members.len() < most && bin.bytes + self.more(bin, p) <= self.limits.action_bytes
    }

    /// First fit by decreasing size, circuits kept together.
    fn by_size(&self, most: usize) -> Vec<Vec<u32>> {
        let weight = |&p: &u32| {
            let point = self.points[p as usize];
            let text = self.bodies[point.circuit as usize].bytes;
            std::cmp::Reverse((text + point.bytes, point.circuit))
        };
        let mut order = self.members.clone();
        order.sort_by_key(weight);
        let mut bins: Vec<Bin> = Vec::new();
        // Full bins are passed once: what no longer took a small point takes no larger one.
        let mut open = 0;
        for p in order {
            match (open..bins.len()).find(|&i| self.fits(&bins[i], p, most)) {
                Some(i) => self.add(&mut bins[i], p),
                None => {
                    let mut bin = Bin::default();
                    self.add(&mut bin, p);
                    bins.push(bin);
                }
            }
            while open < bins.len() && bins[open].members.len() >= most {
                open += 1;
            }
        }
        bins.into_iter().map(|b| b.members).collect()
    }

    /// Moves points into bins that are too small for a set, where none of them may go alone.
    fn filled(&self, mut packed: Vec<Vec<u32>>, span: Span) -> Vec<Vec<u32>> {
        if self.may_go_alone() {
            return packed;
        }
        for short in 0..packed.len() {
            while packed[short].len() < span.least {
                let with = |p: u32| packed[short].iter().copied().chain([p]).collect::<Vec<u32>>();
                let found = (0..packed.len())
                    .filter(|&from| from != short && packed[from].len() > span.least)
                    .find_map(|from| {
                        let at = packed[from]
                            .iter()
                            .position(|&p| self.size(&with(p)) <= self.limits.action_bytes)?;
                        Some((from, at))
                    });
                let Some((from, at)) = found else { break };
                let point = packed[from].remove(at);
                packed[short].push(point);
            }
        }
        packed
    }

    fn may_go_alone(&self) -> bool {
        self.shots_each >= self.limits.shots.0
    }

    /// Paid tasks of bins, where one below the least of a set is single tasks; the most there is
    /// where it may not be.
    fn tasks(&self, bins: &[Vec<u32>], span: Span) -> usize {
        bins.iter().fold(0, |sum: usize, bin| match bin.len() {
            n if n >= span.least => sum.saturating_add(1),
            n if self.may_go_alone() => sum.saturating_add(n),
            _ => usize::MAX,
        })
    }

    /// The fewest tasks by search, no worse than what is known.
    fn exact(&self, span: Span, known: Vec<Vec<u32>>) -> Vec<Vec<u32>> {
        let mut best = known;
        let mut cost = self.tasks(&best, span);
        let mut bins = Vec::new();
        self.search(0, span, &mut bins, &mut best, &mut cost);
        best
    }

    fn search(&self, at: usize, span: Span, bins: &mut Vec<Bin>, best: &mut Vec<Vec<u32>>, cost: &mut usize) {
        if bins.len() >= *cost {
            return;
        }
        let Some(&p) = self.members.get(at) else {
            let found: Vec<Vec<u32>> = bins.iter().map(|b| b.members.clone()).collect();
            let now = self.tasks(&found, span);
            if now < *cost {
                (*best, *cost) = (found, now);
            }
            return;
        };
        for i in 0..=bins.len() {
            let before = bins.get(i).cloned().unwrap_or_default();
            if !self.fits(&before, p, span.most) {
                continue;
            }
            let mut with = before.clone();
            self.add(&mut with, p);
            if i == bins.len() {
                bins.push(with);
                self.search(at + 1, span, bins, best, cost);
                bins.pop();
            } else {
                bins[i] = with;
                self.search(at + 1, span, bins, best, cost);
                bins[i] = before;
            }
        }
    }

    /// Bins below the least of a set become single tasks.
    fn with_singles(&self, bins: Vec<Vec<u32>>, span: Span) -> Result<Vec<Vec<u32>>, Misfit> {
        let mut out = Vec::new();
        for bin in bins {
            if bin.len() >= span.least {
                out.push(bin);
            } else {
                out.extend(self.singles(&bin)?);
            }
        }
        Ok(out)
    }

    fn singles(&self, members: &[u32]) -> Result<Vec<Vec<u32>>, Misfit> {
        let (least, shots) = (self.limits.shots.0, self.shots_each);
        match members.first() {
            Some(&point) if !self.may_go_alone() => Err(Misfit::Shots { point, shots, least }),
            _ => Ok(members.iter().map(|&p| vec![p]).collect()),
        }
    }
}
