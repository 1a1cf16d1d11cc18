//! What a budget does before it is used up.

use std::fmt;
use std::str::FromStr;

use super::{Balance, Budget};
use crate::money::Money;

/// A deed at a share of the cap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Alert {
    /// The share. Units: hundredths of a percent, from 1 to 10,000.
    share: u64,
    /// What is done there.
    pub deed: Deed,
}

/// What is done at a share of the cap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deed {
    /// Whoever submits is told, once held and settled reach it.
    Warn,
    /// No new work may take held and settled past it; what runs is finished.
    Stop,
    /// Open jobs are cancelled once what is settled reaches it, or the cap is passed. Best effort: AWS
    /// rarely cancels inside a window, and what finishes first is paid.
    Cancel,
}

/// Text that is no alert.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AlertError {
    /// No share from 0.01 to 100 percent.
    #[error("{0:?} is no share of a cap: 0.01% to 100%, with at most two decimals")]
    Share(String),
    /// No deed.
    #[error("{0:?} is no deed of a budget: warn, stop or cancel")]
    Deed(String),
}

const WHOLE: u64 = 10_000;

impl Deed {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Warn => "warn",
            Self::Stop => "stop",
            Self::Cancel => "cancel",
        }
    }
}

impl Alert {
    /// From a share such as `80%` and a deed such as `warn`.
    pub fn of(share: &str, deed: &str) -> Result<Self, AlertError> {
        let wrong = || AlertError::Share(share.to_owned());
        let number: Money = share.trim().trim_end_matches('%').trim_end().parse().map_err(|_| wrong())?;
        let hundredth = Money::from_nanos(10_000_000);
        let parts = u64::try_from(number.nanos() / hundredth.nanos()).map_err(|_| wrong())?;
        if number.nanos() % hundredth.nanos() != 0 || !(1..=WHOLE).contains(&parts) {
            return Err(wrong());
        }
        let deeds = [Deed::Warn, Deed::Stop, Deed::Cancel];
        let found = deeds.into_iter().find(|d| d.word() == deed);
        Ok(Self { share: parts, deed: found.ok_or_else(|| AlertError::Deed(deed.to_owned()))? })
    }

    /// The share in money, rounded down so that nothing passes it.
    pub fn of_limit(self, limit: Money) -> Money {
        let nanos = i128::from(limit.nanos()) * i128::from(self.share) / i128::from(WHOLE);
        Money::from_nanos(i64::try_from(nanos).unwrap_or(i64::MAX))
    }

    /// Whether figures have come this far.
    pub fn is_reached(self, balance: &Balance, limit: Money) -> bool {
        let at = self.of_limit(limit);
        match self.deed {
            Deed::Warn | Deed::Stop => balance.committed() >= at,
            Deed::Cancel => balance.settled >= at || balance.is_frozen(limit),
        }
    }
}

impl fmt::Display for Alert {
    /// `80% warn`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share = Money::from_nanos(i64::try_from(self.share).unwrap_or(0) * 10_000_000);
        f.pad(&format!("{share}% {}", self.deed.word()))
    }
}

impl FromStr for Alert {
    type Err = AlertError;

    fn from_str(text: &str) -> Result<Self, AlertError> {
        let (share, deed) = text.split_once(' ').ok_or_else(|| AlertError::Deed(text.to_owned()))?;
        Self::of(share, deed)
    }
}

impl Budget {
    /// How far new work may take held and settled: the cap, or the lowest share that stops.
    pub fn ceiling(&self) -> Money {
        let stops = self.alerts.iter().filter(|a| a.deed == Deed::Stop);
        stops.map(|a| a.of_limit(self.limit)).fold(self.limit, Money::min)
    }

    /// What is left for new work; never below zero.
    pub fn free(&self, balance: &Balance) -> Money {
        balance.free(self.ceiling())
    }

    /// The deeds that these figures call for, the lowest share first.
    pub fn reached(&self, balance: &Balance) -> Vec<Alert> {
        let mut out: Vec<Alert> =
            self.alerts.iter().copied().filter(|a| a.is_reached(balance, self.limit)).collect();
        out.sort();
        out
    }

    /// Whether open jobs are to be cancelled.
    pub fn cancels(&self, balance: &Balance) -> bool {
        self.reached(balance).iter().any(|a| a.deed == Deed::Cancel)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::{Period, Scope};
    use crate::ids::BudgetName;
    use crate::time::Timestamp;

    fn usd(text: &str) -> Money {
        text.parse().unwrap()
    }

    fn budget(limit: &str, alerts: &[&str]) -> Budget {
        Budget {
            name: BudgetName::new("b"),
            limit: usd(limit),
            per: Period::Ever,
            scope: Scope::Named,
            alerts: alerts.iter().map(|a| a.parse().unwrap()).collect(),
            created_at: Timestamp::from_seconds(0),
            removed_at: None,
        }
    }

    #[test]
    fn shares_are_exact_and_anything_else_is_refused() {
        for text in ["80% warn", "100% cancel", "0.01% stop", "82.5% stop"] {
            assert_eq!(text.parse::<Alert>().unwrap().to_string(), text);
        }
        assert_eq!(Alert::of("80", "warn"), Alert::of("80 %", "warn"));
        for share in ["0%", "101%", "-5%", "NaN", "1e2%", "82.555%", "", "%", "9223372036854775807%"] {
            assert!(matches!(Alert::of(share, "warn"), Err(AlertError::Share(_))), "{share}");
        }
        assert_eq!(Alert::of("80%", "shout"), Err(AlertError::Deed("shout".to_owned())));
        let third = Alert::of("33.33%", "stop").unwrap();
        assert_eq!(third.of_limit(usd("0.001")).nanos(), 333_300, "a tenth of a cent is divided exactly");
        assert_eq!(third.of_limit(usd("1000000000")), usd("333300000"));
    }

    #[test]
    fn the_lowest_stop_is_the_ceiling_and_a_cancel_waits_for_paid_money() {
        let both = budget("25", &["80% warn", "90% stop", "95% stop", "50% cancel"]);
        assert_eq!((both.ceiling(), budget("25", &[]).ceiling()), (usd("22.5"), usd("25")));
        let held = Balance { held: usd("20"), ..Balance::default() };
        let words = |b: &Balance| both.reached(b).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!((words(&held), both.cancels(&held)), (vec!["80% warn".to_owned()], false));
        assert_eq!(both.free(&held), usd("2.5"));
        let paid = Balance { settled: usd("12.5"), ..Balance::default() };
        assert!(both.cancels(&paid) && !both.cancels(&Balance { settled: usd("12.499999999"), ..paid }));
        let over = Balance { held: usd("25.1"), ..Balance::default() };
        assert!(both.cancels(&over), "a passed cap cancels whatever is paid");
    }
}
