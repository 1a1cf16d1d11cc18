//! Requests a second, as the service publishes them. Source: Developer Guide, quotas.

use std::collections::HashMap;

use crate::time::Now;

/// Operation, requests a second, and how many more in one burst.
const ROWS: [(&str, u32, u32); 11] = [
    ("*", 140, 600),
    ("CreateQuantumTask", 20, 40),
    ("GetQuantumTask", 100, 500),
    ("SearchQuantumTasks", 5, 50),
    ("CancelQuantumTask", 2, 20),
    ("GetDevice", 5, 50),
    ("SearchDevices", 5, 50),
    ("CreateJob", 1, 5),
    ("GetJob", 5, 25),
    ("SearchJobs", 5, 50),
    ("CancelJob", 2, 5),
];

/// What is left of each quota, by account, region and row.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rates {
    left: HashMap<(String, String, &'static str), (f64, i64)>,
}

impl Rates {
    /// Takes one request out; whether there was room.
    pub(crate) fn takes(&mut self, account: &str, region: &str, operation: &str, now: Now) -> bool {
        let rows = || ROWS.iter().filter(|(name, ..)| *name == "*" || *name == operation);
        let key = |name: &'static str| (account.to_owned(), region.to_owned(), name);
        let mut room = true;
        for &(name, rate, burst) in rows() {
            let most = f64::from(rate + burst);
            let (left, seen_ms) = self.left.entry(key(name)).or_insert((most, now.wall_ms));
            let passed_s = now.wall_ms.saturating_sub(*seen_ms).max(0) as f64 / 1e3;
            (*left, *seen_ms) = ((*left + passed_s * f64::from(rate)).min(most), now.wall_ms);
            room &= *left >= 1.0;
        }
        if room {
            for &(name, ..) in rows() {
                if let Some((left, _)) = self.left.get_mut(&key(name)) {
                    *left -= 1.0;
                }
            }
        }
        room
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_let_through_and_then_the_rate() {
        let mut rates = Rates::default();
        let at = |ms: i64| Now { world_ms: 0, wall_ms: ms };
        let mut ask =
            |n: u32, ms: i64| (0..n).filter(|_| rates.takes("1", "r", "CancelQuantumTask", at(ms))).count();
        assert_eq!(ask(100, 0), 22);
        assert_eq!(ask(100, 1_000), 2);
        assert_eq!(ask(100, 1_500), 1);
        assert_eq!(ask(100, 1_000_000), 22);
        assert!(rates.takes("2", "r", "CancelQuantumTask", at(0)));
        assert!(rates.takes("1", "r", "GetDevice", at(1_000_000)));
    }
}
