//! Double entry: the ledger is the difference between a job before and after.
//!
//! Three accounts are enough: `free` (the world's), `held` and `spent` (ours). A hold moves money
//! from free to held, a settlement from held to spent, a release from held to free.
//! A bill that asks for less than was settled takes money back from spent. Every posting names its job
//! and is chained by hash to the one before, so a changed past is noticed.

use sha2::{Digest, Sha256};

use crate::ids::{JobId, hex};
use crate::job::Job;
use crate::money::{Money, OutOfRange};
use crate::time::Timestamp;

/// What a posting does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// From free to held.
    Hold,
    /// From held to spent.
    Settle,
    /// From held to free.
    Release,
    /// From spent to free: a correction by a bill.
    Refund,
}

/// One movement between two accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Movement {
    /// What it does.
    pub verb: Verb,
    /// How much; above zero.
    pub amount: Money,
}

/// A movement as the journal keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// Place in the journal, from 1.
    pub sequence: u64,
    /// When.
    pub at: Timestamp,
    /// Whose.
    pub job: JobId,
    /// What.
    pub movement: Movement,
    /// Hash over this posting and the hash before.
    pub hash: String,
}

/// Hash before the first posting.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

impl Verb {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Settle => "settle",
            Self::Release => "release",
            Self::Refund => "refund",
        }
    }

    /// The verb of a word.
    pub fn named(word: &str) -> Option<Self> {
        [Self::Hold, Self::Settle, Self::Release, Self::Refund].into_iter().find(|v| v.word() == word)
    }

    /// Accounts that give and take.
    pub fn accounts(self) -> (&'static str, &'static str) {
        match self {
            Self::Hold => ("free", "held"),
            Self::Settle => ("held", "spent"),
            Self::Release => ("held", "free"),
            Self::Refund => ("spent", "free"),
        }
    }
}

/// The movements that lead from one pair of figures to another, holds first so that no account
/// falls below zero on the way.
pub fn movements(before: (Money, Money), after: (Money, Money)) -> Result<Vec<Movement>, OutOfRange> {
    let (held, settled) = (after.0.minus(before.0)?, after.1.minus(before.1)?);
    // Money comes back from spent by a correction alone; it is never held again by it.
    let fresh = held.plus(settled.max(Money::ZERO))?;
    let mut out = Vec::new();
    let mut push = |verb, amount: Money| {
        if amount > Money::ZERO {
            out.push(Movement { verb, amount });
        }
    };
    push(Verb::Hold, fresh);
    push(Verb::Settle, settled);
    push(Verb::Release, Money::ZERO.minus(fresh)?);
    push(Verb::Refund, Money::ZERO.minus(settled)?);
    Ok(out)
}

/// The movements of one commit of a job; `before` is `None` at its birth.
pub fn of_commit(before: Option<&Job>, after: &Job) -> Result<Vec<Movement>, OutOfRange> {
    movements(before.map_or((Money::ZERO, Money::ZERO), |j| (j.held, j.settled)), (after.held, after.settled))
}

impl Posting {
    /// The next posting of a journal whose last hash is `previous`.
    pub fn chained(previous: &str, sequence: u64, at: Timestamp, job: JobId, movement: Movement) -> Self {
        let hash = chain(previous, sequence, at, &job, movement);
        Self { sequence, at, job, movement, hash }
    }

    /// Whether it follows `previous` unchanged.
    pub fn follows(&self, previous: &str) -> bool {
        self.hash == chain(previous, self.sequence, self.at, &self.job, self.movement)
    }
}

fn chain(previous: &str, sequence: u64, at: Timestamp, job: &JobId, movement: Movement) -> String {
    let text = format!(
        "{previous}|{sequence}|{}|{job}|{}|{}",
        at.micros(),
        movement.verb.word(),
        movement.amount.nanos()
    );
    hex(&Sha256::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn usd(text: &str) -> Money {
        text.parse().unwrap()
    }

    fn replay(from: (Money, Money), moves: &[Movement]) -> (Money, Money) {
        moves.iter().fold(from, |(held, spent), m| {
            let at = match m.verb {
                Verb::Hold => (held.plus(m.amount).unwrap(), spent),
                Verb::Settle => (held.minus(m.amount).unwrap(), spent.plus(m.amount).unwrap()),
                Verb::Release => (held.minus(m.amount).unwrap(), spent),
                Verb::Refund => (held, spent.minus(m.amount).unwrap()),
            };
            assert!(at.0 >= Money::ZERO, "held fell below zero");
            at
        })
    }

    #[test]
    fn a_partial_success_settles_and_releases_the_rest() {
        let moves = movements((usd("1.75"), Money::ZERO), (Money::ZERO, usd("1.2"))).unwrap();
        let words: Vec<_> = moves.iter().map(|m| (m.verb.word(), m.amount.to_string())).collect();
        assert_eq!(words, [("settle", "1.2".to_owned()), ("release", "0.55".to_owned())]);
    }

    #[test]
    fn an_overrun_is_held_before_it_is_settled() {
        let moves = movements((usd("0.01"), Money::ZERO), (Money::ZERO, usd("0.03"))).unwrap();
        let words: Vec<_> = moves.iter().map(|m| (m.verb.word(), m.amount.to_string())).collect();
        assert_eq!(words, [("hold", "0.02".to_owned()), ("settle", "0.03".to_owned())]);
    }

    #[test]
    fn a_changed_posting_breaks_the_chain() {
        let movement = Movement { verb: Verb::Hold, amount: usd("1") };
        let first = Posting::chained(GENESIS, 1, Timestamp::from_seconds(1), JobId::new("j_1"), movement);
        let second =
            Posting::chained(&first.hash, 2, Timestamp::from_seconds(2), JobId::new("j_1"), movement);
        assert!(first.follows(GENESIS) && second.follows(&first.hash));
        let mut forged = first.clone();
        forged.movement.amount = usd("2");
        assert!(!forged.follows(GENESIS));
        assert!(!second.follows(GENESIS));
    }

    proptest! {
        #[test]
        fn replayed_movements_give_the_figures(held in 0i64..1 << 50, held2 in 0i64..1 << 50, spent in 0i64..1 << 50, more in 0i64..1 << 50) {
            let n = Money::from_nanos;
            let (low, high) = ((n(held), n(spent)), (n(held2), n(spent + more)));
            for (before, after) in [(low, high), (high, low)] {
                let moves = movements(before, after).unwrap();
                prop_assert_eq!(replay(before, &moves), after);
                prop_assert!(moves.iter().all(|m| m.amount > Money::ZERO));
            }
        }
    }
}
