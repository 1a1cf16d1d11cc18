//! The world's clock: real, faster, or moved by hand.

use crate::time::Now;

/// Where the world's time stands, and how fast it runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    wall_ms: i64,
    world_ms: i64,
    rate: i64,
}

impl Clock {
    /// Both clocks at one instant; a rate of 0 stands still.
    pub(super) fn new(wall_ms: i64, rate: u32) -> Self {
        Self { wall_ms, world_ms: wall_ms, rate: i64::from(rate) }
    }

    /// Goes on where another clock stood; a real one ran on meanwhile.
    pub(super) fn resume(wall_ms: i64, rate: u32, last: Now) -> Self {
        let passed = if rate == 1 { wall_ms.saturating_sub(last.wall_ms).max(0) } else { 0 };
        Self { wall_ms, world_ms: last.world_ms.saturating_add(passed), rate: i64::from(rate) }
    }

    pub(super) fn now(&self, wall_ms: i64) -> Now {
        let passed = wall_ms.saturating_sub(self.wall_ms).max(0);
        Now { world_ms: self.world_ms.saturating_add(passed.saturating_mul(self.rate)), wall_ms }
    }

    /// Moves the world's time to a later one.
    pub(super) fn advance(&mut self, wall_ms: i64, by_ms: i64) {
        let world_ms = self.now(wall_ms).world_ms.saturating_add(by_ms);
        (self.wall_ms, self.world_ms) = (wall_ms, world_ms);
    }

    pub(super) fn set_rate(&mut self, wall_ms: i64, rate: u32) {
        self.advance(wall_ms, 0);
        self.rate = i64::from(rate);
    }
}

#[cfg(test)]
mod tests {
    use super::Clock;

    #[test]
    fn the_world_runs_faster_or_by_hand_and_the_wall_does_not() {
        let mut clock = Clock::new(1_000, 600);
        assert_eq!((clock.now(1_010).world_ms, clock.now(1_010).wall_ms), (7_000, 1_010));
        clock.set_rate(1_010, 0);
        assert_eq!(clock.now(9_999).world_ms, 7_000);
        clock.advance(9_999, 500);
        assert_eq!(clock.now(20_000).world_ms, 7_500);
    }
}
