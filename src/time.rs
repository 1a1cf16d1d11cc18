//! Instants in UTC; the only place that reads a clock.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// An instant. Units: microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    micros: i64,
}

/// Text that is not an instant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an instant such as 2026-11-24T12:00:00Z")]
pub struct ParseTimestampError(pub String);

impl Timestamp {
    /// From microseconds since the epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self { micros }
    }

    /// From whole seconds since the epoch.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self { micros: seconds.saturating_mul(1_000_000) }
    }

    /// Microseconds since the epoch.
    pub const fn micros(self) -> i64 {
        self.micros
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn seconds(self) -> i64 {
        self.micros.div_euclid(1_000_000)
    }

    /// Later by `by`; stays at the end of time when that is passed.
    #[must_use]
    pub fn after(self, by: Duration) -> Self {
        Self { micros: self.micros.saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)) }
    }

    /// Earlier by `by`; stays at the beginning of time when that is passed.
    #[must_use]
    pub fn before(self, by: Duration) -> Self {
        Self { micros: self.micros.saturating_sub(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)) }
    }

    /// How long since `earlier`; zero when that is not earlier.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.micros.saturating_sub(earlier.micros)).unwrap_or(0))
    }

    /// The instant cut to whole seconds, as signatures carry it.
    #[must_use]
    pub const fn whole_second(self) -> Self {
        Self::from_seconds(self.seconds())
    }

    /// The civil date in UTC; `None` outside the years that calendars cover.
    pub fn civil_date(self) -> Option<jiff::civil::Date> {
        let instant = jiff::Timestamp::from_microsecond(self.micros).ok()?;
        Some(jiff::tz::Offset::UTC.to_datetime(instant).date())
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with milliseconds: the form that AWS writes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.micros.div_euclid(1000).saturating_mul(1000)) {
            Ok(instant) => write!(f, "{instant:.3}"),
            Err(_) => f.write_str("beyond the calendar"),
        }
    }
}

impl FromStr for Timestamp {
    type Err = ParseTimestampError;

    fn from_str(text: &str) -> Result<Self, ParseTimestampError> {
        let instant: jiff::Timestamp = text.parse().map_err(|_| ParseTimestampError(text.to_owned()))?;
        Ok(Self { micros: instant.as_microsecond() })
    }
}

/// Time since this process first asked, which no change of the wall clock moves; sleep of the machine
/// does not count.
pub fn ticks() -> Duration {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    START.get_or_init(std::time::Instant::now).elapsed()
}

/// Reads the wall clock.
pub fn now() -> Timestamp {
    Timestamp { micros: jiff::Timestamp::now().as_microsecond() }
}

/// Microseconds since the first call in this process, on the clock that no one can set.
pub fn monotonic_us() -> u64 {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    #[allow(clippy::disallowed_methods, reason = "the one room that reads clocks")]
    let start = START.get_or_init(std::time::Instant::now);
    u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_reads_back() {
        let at: Timestamp = "2026-11-24T09:48:00.123Z".parse().unwrap();
        assert_eq!(at.to_string(), "2026-11-24T09:48:00.123Z");
        assert_eq!(at.whole_second().to_string(), "2026-11-24T09:48:00.000Z");
        assert!("yesterday".parse::<Timestamp>().is_err());
    }

    #[test]
    fn time_stops_at_its_ends() {
        let end = Timestamp::from_micros(i64::MAX);
        assert_eq!(end.after(Duration::from_secs(1)), end);
        assert_eq!(Timestamp::from_micros(i64::MIN).before(Duration::from_secs(1)).micros(), i64::MIN);
        assert_eq!(Timestamp::default().since(end), Duration::ZERO);
    }
}
