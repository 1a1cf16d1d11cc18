//! What a runner counts of its own work; read by whoever watches the process.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Counters of one process; they start at 0 with it.
#[derive(Debug, Default)]
pub struct Meter {
    sends: AtomicU64,
    retries: AtomicU64,
    throttles: AtomicU64,
    lost: AtomicU64,
    polls: AtomicU64,
    lag_ms: AtomicU64,
    lag_last_ms: AtomicU64,
}

/// The counters at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Creates that left, copies among them.
    pub sends: u64,
    /// Calls that failed in passing and are made again.
    pub retries: u64,
    /// Answers that asked for patience.
    pub throttles: u64,
    /// Calls without a usable answer.
    pub lost: u64,
    /// Looks at tasks.
    pub polls: u64,
    /// How late they were together. Units: milliseconds.
    pub lag_ms: u64,
    /// How late the last one was. Units: milliseconds.
    pub lag_last_ms: u64,
}

fn add(counter: &AtomicU64, by: u64) {
    counter.fetch_add(by, Ordering::Relaxed);
}

impl Meter {
    pub(super) fn sent(&self) {
        add(&self.sends, 1);
    }

    pub(super) fn retried(&self) {
        add(&self.retries, 1);
    }

    pub(super) fn throttled(&self) {
        add(&self.throttles, 1);
    }

    pub(super) fn lost(&self) {
        add(&self.lost, 1);
    }

    pub(super) fn polled(&self, late: Duration) {
        let ms = u64::try_from(late.as_millis()).unwrap_or(u64::MAX);
        add(&self.polls, 1);
        add(&self.lag_ms, ms);
        self.lag_last_ms.store(ms, Ordering::Relaxed);
    }

    /// The counters now.
    pub fn read(&self) -> Reading {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Reading {
            sends: get(&self.sends),
            retries: get(&self.retries),
            throttles: get(&self.throttles),
            lost: get(&self.lost),
            polls: get(&self.polls),
            lag_ms: get(&self.lag_ms),
            lag_last_ms: get(&self.lag_last_ms),
        }
    }
}
