//! How many shots an error needs: terms that are measured together, and shots shared among them.
//!
//! For E = sum of c_i P_i in groups of variance V_g, Var(E) = sum V_g / n_g. The fewest shots are
//! n_g proportional to sqrt(V_g): N = (sum sqrt V_g)^2 / error^2. Without a state V_g is at most
//! (sum |c_i|)^2 of its group. Source: Wecker 2015, PRA 92 042303; Rubin 2018, NJP 20 053020.

use shotbook_sim::pauli::{Pauli, PauliString, PauliSum};

/// Most shots that are still advised.
const MOST: f64 = 1e15;

/// Terms that one circuit measures together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Group {
    /// The terms.
    pub sum: PauliSum,
    /// Letters that the circuit is turned into: one for each qubit that a term touches.
    pub basis: PauliString,
}

/// Shots of each group.
pub type Allocation = Vec<u64>;

/// Groups of terms that commute qubit by qubit; the identity needs no shot and is left out.
///
/// Terms by falling weight, each into the first group that takes it.
pub fn groups(sum: &PauliSum) -> Vec<Group> {
    let mut terms: Vec<&(f64, PauliString)> =
        sum.terms.iter().filter(|(c, s)| *c != 0.0 && !s.is_empty()).collect();
    terms.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()).then_with(|| a.1.cmp(&b.1)));
    let mut out: Vec<Group> = Vec::new();
    for term in terms {
        let at = out.iter().position(|g| agree(&g.basis, &term.1)).unwrap_or_else(|| {
            out.push(Group::default());
            out.len() - 1
        });
        let group = &mut out[at];
        for letter in &term.1 {
            if let Err(place) = group.basis.binary_search_by_key(&letter.0, |l| l.0) {
                group.basis.insert(place, *letter);
            }
        }
        group.sum.terms.push(term.clone());
    }
    out
}

/// Whether two strings have the same letter wherever both have one.
fn agree(a: &[(u32, Pauli)], b: &[(u32, Pauli)]) -> bool {
    b.iter().all(|(q, letter)| a.binary_search_by_key(q, |l| l.0).map_or(true, |at| a[at].1 == *letter))
}

impl Group {
    /// The square of the sum, whose mean gives the variance. Letters of a group never clash.
    pub fn squared(&self) -> PauliSum {
        let mut out = PauliSum::default();
        for (a, left) in &self.sum.terms {
            for (b, right) in &self.sum.terms {
                let once = |these: &PauliString, those: &PauliString| {
                    these.iter().filter(|l| !those.contains(l)).copied().collect::<PauliString>()
                };
                let mut product = [once(left, right), once(right, left)].concat();
                product.sort_unstable();
                out.terms.push((a * b, product));
            }
        }
        out
    }

    /// The largest variance of any state.
    pub fn bound(&self) -> f64 {
        self.sum.terms.iter().map(|(c, _)| c.abs()).sum::<f64>().powi(2)
    }
}

/// The fewest shots for an error, shared by sqrt(V); `None` above what anybody could buy.
pub fn allocate(variances: &[f64], error: f64) -> Option<Allocation> {
    let roots: Vec<f64> = variances.iter().map(|v| v.max(0.0).sqrt()).collect();
    let total: f64 = roots.iter().sum();
    shots(roots.iter().map(|r| r * total / (error * error)))
}

/// The same shots for each group, which one program set can hold.
pub fn allocate_equally(variances: &[f64], error: f64) -> Option<Allocation> {
    let total: f64 = variances.iter().map(|v| v.max(0.0)).sum();
    shots(variances.iter().map(|_| total / (error * error)))
}

fn shots(wanted: impl Iterator<Item = f64>) -> Option<Allocation> {
    // A whole number that rounding lifted by some last bits is that number.
    wanted.map(|n| (n <= MOST).then(|| ((n * (1.0 - 1e-12)).ceil() as u64).max(1))).collect()
}

/// What the shots of one group said so far of its part of the value.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Seen {
    /// Shots.
    pub shots: u64,
    sum: f64,
    squares: f64,
}

impl Seen {
    /// An outcome that came `times` times.
    pub fn add(&mut self, value: f64, times: u64) {
        self.shots += times;
        self.sum += times as f64 * value;
        self.squares += times as f64 * value * value;
    }

    /// More shots of the same group.
    pub fn join(&mut self, more: &Self) {
        self.shots += more.shots;
        self.sum += more.sum;
        self.squares += more.squares;
    }

    /// Mean; 0 without shots.
    pub fn mean(&self) -> f64 {
        self.sum / self.shots.max(1) as f64
    }

    /// Variance of one shot, as the shots have it.
    pub fn sample_variance(&self) -> f64 {
        (self.squares / self.shots.max(1) as f64 - self.mean() * self.mean()).max(0.0)
    }

    /// Variance of one shot, with the bound counted as one more: a few equal outcomes prove nothing.
    pub fn variance(&self, bound: f64) -> f64 {
        let n = self.shots as f64;
        (n * self.sample_variance() + bound) / (n + 1.0)
    }
}

/// The standard error that shots came to; infinite where a group has none.
pub fn standard_error(seen: &[Seen], bounds: &[f64]) -> f64 {
    seen.iter().zip(bounds).map(|(s, b)| s.variance(*b) / s.shots as f64).sum::<f64>().sqrt()
}

/// A target is aimed at with this margin, so that the last slice seldom falls short by a little and
/// costs another task fee.
const AIM: f64 = 0.98;

/// Shots that each group still lacks for an error, by what was seen of it: the fewest of all, or the same
/// total for each group, which program sets can hold. `None` above what anybody could buy.
pub fn missing(seen: &[Seen], bounds: &[f64], error: f64) -> Option<[Allocation; 2]> {
    let variances: Vec<f64> = seen.iter().zip(bounds).map(|(s, b)| s.variance(*b)).collect();
    let lacks = |wanted: Allocation| -> Allocation {
        wanted.iter().zip(seen).map(|(n, s)| n.saturating_sub(s.shots)).collect()
    };
    let aim = error * AIM;
    let fewest = lacks(allocate(&variances, aim)?);
    let most = fewest.iter().copied().max().unwrap_or(0);
    let even = lacks(allocate_equally(&variances, aim)?);
    // Where groups have had different shots, only an equal slice is one set.
    let even = if even.iter().any(|n| *n != even[0]) { vec![most; seen.len()] } else { even };
    Some([fewest, even])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_ends_where_the_error_is_reached() {
        let bounds = [4.0, 1.0];
        let mut seen = [Seen::default(); 2];
        assert!(standard_error(&seen, &bounds).is_infinite());
        let first = missing(&seen, &bounds, 0.1).unwrap();
        assert_eq!(first[0], allocate(&bounds, 0.098).unwrap(), "nothing seen: by the bound");
        // Both groups turn out to spread half as much as they might.
        for (s, spread) in seen.iter_mut().zip([2f64.sqrt(), 0.5f64.sqrt()]) {
            s.add(spread, 100);
            s.add(-spread, 100);
        }
        let [fewest, even] = missing(&seen, &bounds, 0.1).unwrap();
        for more in [&fewest, &even] {
            let mut then = seen;
            for (s, n) in then.iter_mut().zip(more) {
                let spread = s.sample_variance().sqrt();
                s.add(spread, n / 2);
                s.add(-spread, n - n / 2);
            }
            assert!(standard_error(&then, &bounds) <= 0.1, "{more:?}");
        }
        assert_eq!(even[0], even[1]);
        assert!(missing(&seen, &bounds, 1.0).unwrap()[0].iter().all(|n| *n == 0));
        // Ten equal outcomes do not make a variance of zero.
        let mut few = Seen::default();
        few.add(1.0, 10);
        assert!((few.variance(1.0) - 1.0 / 11.0).abs() < 1e-12);
    }

    #[test]
    fn hydrogen_is_measured_in_two_groups() {
        let sum = PauliSum::parse("-1.05*II + 0.39*ZI - 0.39*IZ - 0.01*ZZ + 0.18*XX").unwrap();
        let groups = groups(&sum);
        assert_eq!(groups.iter().map(|g| g.sum.terms.len()).collect::<Vec<_>>(), [3, 1]);
        assert_eq!(groups[0].basis, [(0, Pauli::Z), (1, Pauli::Z)]);
        assert!((groups[0].bound() - 0.79f64.powi(2)).abs() < 1e-12);
    }

    #[test]
    fn squares_cancel_equal_letters() {
        let groups = groups(&PauliSum::parse("2*ZI + 3*ZZ").unwrap());
        let squared = groups[0].squared();
        let constant: f64 = squared.terms.iter().filter(|(_, s)| s.is_empty()).map(|t| t.0).sum();
        let cross: f64 = squared.terms.iter().filter(|(_, s)| *s == [(1, Pauli::Z)]).map(|t| t.0).sum();
        assert_eq!((constant, cross, squared.terms.len()), (13.0, 12.0, 4));
    }

    #[test]
    fn the_best_split_meets_the_error_with_no_more_shots_than_the_equal_one() {
        let (variances, error) = ([4.0, 1.0, 0.0], 0.1);
        let (best, equal) =
            (allocate(&variances, error).unwrap(), allocate_equally(&variances, error).unwrap());
        assert_eq!((best.as_slice(), equal.as_slice()), ([600, 300, 1].as_slice(), [500; 3].as_slice()));
        let reached: f64 = variances.iter().zip(&best).map(|(v, n)| v / *n as f64).sum();
        assert!(reached <= error * error + 1e-12);
        assert_eq!(allocate(&variances, 1e-9), None);
        assert_eq!(allocate(&[1.0], 0.01), Some(vec![10_000]));
    }
}
