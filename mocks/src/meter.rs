//! What AWS would bill, by its own rules, in 10^-9 dollars. Source: price list and billing rules.
//!
//! The rates stand here a second time on purpose: a wrong price in the product shows as a
//! difference.

use serde_json::{Value, json};

/// Fee, shot fee or minute rate of a device by the last part of its ARN. Units: nano-dollars.
const RATES: [(&str, Rate); 9] = [
    ("Forte-1", Rate::Qpu(300_000_000, 80_000_000)),
    ("Forte-Enterprise-1", Rate::Qpu(300_000_000, 80_000_000)),
    ("Garnet", Rate::Qpu(300_000_000, 1_450_000)),
    ("Emerald", Rate::Qpu(300_000_000, 1_600_000)),
    ("Cepheus-1-108Q", Rate::Qpu(300_000_000, 425_000)),
    ("Ibex-Q1", Rate::Qpu(300_000_000, 23_500_000)),
    ("Aquila", Rate::Qpu(300_000_000, 10_000_000)),
    ("sv1", Rate::Minute(75_000_000)),
    ("dm1", Rate::Minute(75_000_000)),
];
/// The same of withdrawn devices, whose rows the price list keeps. Source: price pages of their time.
const RETIRED: [(&str, Rate); 17] = [
    ("Harmony", Rate::Qpu(300_000_000, 10_000_000)),
    ("Aria-1", Rate::Qpu(300_000_000, 30_000_000)),
    ("Aria-2", Rate::Qpu(300_000_000, 30_000_000)),
    ("Lucy", Rate::Qpu(300_000_000, 350_000)),
    ("Borealis", Rate::Qpu(300_000_000, 200_000)),
    ("Ankaa-2", Rate::Qpu(300_000_000, 900_000)),
    ("Ankaa-3", Rate::Qpu(300_000_000, 900_000)),
    ("Aspen-M-1", Rate::Qpu(300_000_000, 350_000)),
    ("Aspen-M-2", Rate::Qpu(300_000_000, 350_000)),
    ("Aspen-M-3", Rate::Qpu(300_000_000, 350_000)),
    ("Aspen-8", Rate::Qpu(300_000_000, 350_000)),
    ("Aspen-9", Rate::Qpu(300_000_000, 350_000)),
    ("Aspen-10", Rate::Qpu(300_000_000, 350_000)),
    ("Aspen-11", Rate::Qpu(300_000_000, 350_000)),
    ("2000Q", Rate::Qpu(300_000_000, 190_000)),
    ("Advantage_system", Rate::Qpu(300_000_000, 190_000)),
    ("tn1", Rate::Minute(275_000_000)),
];
const MINIMUM_MS: i128 = 3_000;

/// How a device bills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    /// Per task and per shot.
    Qpu(i128, i128),
    /// Per minute of simulation, at least three seconds.
    Minute(i128),
}

/// The rates of a device.
pub fn rate(device_arn: &str) -> Option<Rate> {
    let name = device_arn.rsplit('/').next()?;
    RATES.iter().find(|(n, _)| *n == name).map(|(_, rate)| *rate)
}

/// The rates that a withdrawn device had.
pub(crate) fn retired_rate(device_arn: &str) -> Option<Rate> {
    let name = device_arn.rsplit('/').next()?;
    RETIRED.iter().find(|(n, _)| name.contains(n)).map(|(_, rate)| *rate)
}

/// All rates by name, withdrawn devices last.
pub fn rates() -> impl Iterator<Item = (&'static str, Rate)> {
    RATES.iter().chain(&RETIRED).copied()
}

/// What a completed task costs. Units: nano-dollars.
pub fn charge(device_arn: &str, successful_shots: u64, duration_ms: u64) -> i128 {
    match rate(device_arn) {
        Some(Rate::Qpu(task, shot)) => task + shot * i128::from(successful_shots),
        Some(Rate::Minute(minute)) => {
            let product = minute * i128::from(duration_ms).max(MINIMUM_MS);
            product.div_euclid(60_000) + i128::from(product.rem_euclid(60_000) != 0)
        }
        None => 0,
    }
}

/// An amount in dollars with all its digits.
pub fn dollars(nanos: i128) -> String {
    let text = format!("{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// What happened so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meter {
    /// Tasks that were accepted.
    pub creates: u64,
    /// Creates that repeated a token and made nothing.
    pub duplicate_tokens: u64,
    /// What AWS would bill. Units: nano-dollars.
    pub cost_nano_usd: i128,
}

impl Meter {
    /// The cost in dollars with all its digits.
    pub fn cost(&self) -> String {
        dollars(self.cost_nano_usd)
    }

    pub(crate) fn json(&self) -> Value {
        json!({"creates": self.creates, "duplicate_tokens": self.duplicate_tokens, "cost": self.cost()})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_golden_rows_of_the_billing_rules() {
        assert_eq!(dollars(charge("a/sv1", 1000, 4)), "0.00375");
        assert_eq!(dollars(charge("a/Garnet", 100, 0)), "0.445");
        assert_eq!(dollars(charge("a/Forte-1", 100, 0)), "8.3");
        assert_eq!(dollars(charge("a/unknown", 100, 0)), "0");
    }
}
