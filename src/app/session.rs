//! What a working process brings along: a clock, chance, a stop flag, one thread of asynchrony.

use std::time::Duration;

use shotbook_sim::engine;

use crate::runner::Clock;
use crate::time::{self, Timestamp};

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        time::now()
    }

    fn ticks(&self) -> Duration {
        time::ticks()
    }

    fn chance(&self) -> f64 {
        let bits = uuid::Uuid::now_v7().as_u64_pair().1;
        (bits >> 11 & ((1 << 50) - 1)) as f64 / (1u64 << 50) as f64
    }

    async fn sleep(&self, how_long: Duration) {
        tokio::time::sleep(how_long).await;
    }
}

/// This process as a place where jobs are born.
#[derive(Clone, Copy, Debug, Default)]
pub struct Here;

impl Here {
    /// A fresh job id.
    pub fn job_id(self) -> crate::ids::JobId {
        let now = u64::try_from(time::now().micros() / 1000).unwrap_or(0);
        crate::ids::JobId::born(now, uuid::Uuid::now_v7().as_u64_pair().1)
    }

    /// Fresh job ids that sort in the order of their number.
    pub fn job_ids(self, n: usize) -> impl Iterator<Item = crate::ids::JobId> {
        let now = u64::try_from(time::now().micros() / 1000).unwrap_or(0);
        // Below 2^31, so that no collection that fits a store can run past 32 bits.
        let first = uuid::Uuid::now_v7().as_u64_pair().1 & ((1 << 31) - 1);
        (0..n as u64).map(move |i| crate::ids::JobId::born(now, first + i))
    }

    /// A fresh collection id.
    pub fn collection_id(self) -> crate::ids::CollectionId {
        let now = u64::try_from(time::now().micros() / 1000).unwrap_or(0);
        crate::ids::CollectionId::born(now, uuid::Uuid::now_v7().as_u64_pair().1)
    }

    /// A fresh id of a training.
    pub fn training_id(self) -> String {
        let now = u64::try_from(time::now().micros() / 1000).unwrap_or(0);
        crate::ids::training_id(now, uuid::Uuid::now_v7().as_u64_pair().1)
    }

    /// A fresh seed.
    pub fn seed(self) -> u64 {
        uuid::Uuid::now_v7().as_u64_pair().1 & ((1 << 53) - 1)
    }
}

/// A runtime with one thread, built only where AWS is spoken to.
pub fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// Simulation with what this machine has to give.
pub(in crate::app) fn simulation<'a>() -> engine::Options<'a> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (max_memory, speeds) = (crate::config::memory_bytes(), super::speeds::known());
    engine::Options { threads, max_memory, speeds, ..engine::Options::default() }
}
