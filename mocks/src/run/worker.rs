//! Simulation away from the world's lock.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use shotbook_sim::engine::Watch;

use super::action::{Action, Outcome};

/// One task to simulate.
#[derive(Debug)]
pub(crate) struct Work {
    pub task: usize,
    /// Which life of the world it belongs to: a reset leaves late results behind.
    pub epoch: u64,
    pub action: Arc<Action>,
    pub shots: u64,
    pub seed: u64,
    pub stop: Arc<AtomicBool>,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Done {
    pub task: usize,
    pub epoch: u64,
    pub outcome: Outcome,
}

/// Which work a thread takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Worker {
    /// Quick work alone, so that it never waits behind a large circuit.
    Quick,
    Any,
}

struct Stop(Arc<AtomicBool>);

impl Watch for Stop {
    fn now_us(&self) -> u64 {
        0
    }

    fn stopped(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn progress(&self, _done: f64) {}
}

impl Work {
    /// Simulates. Nothing that a circuit does may end the thread.
    pub(crate) fn run(self) -> Done {
        let watch = Stop(Arc::clone(&self.stop));
        let (action, shots, seed) = (&self.action, self.shots, self.seed);
        let attempt = std::panic::AssertUnwindSafe(|| action.run(shots, seed, &watch));
        let outcome = std::panic::catch_unwind(attempt)
            .unwrap_or_else(|_| Outcome::Failed("The simulation ended unexpectedly.".to_owned()));
        Done { task: self.task, epoch: self.epoch, outcome }
    }
}
