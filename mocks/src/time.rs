//! Two clocks: the world's, which may be moved, and the wall's, which signs and dates.

/// The time of a request. Units: milliseconds since the epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Now {
    /// The world's clock: queues, durations, day borders.
    pub world_ms: i64,
    /// The wall clock: `Date` and ages of signatures.
    pub wall_ms: i64,
}

impl Now {
    /// Both clocks at one instant.
    pub fn at(ms: i64) -> Self {
        Self { world_ms: ms, wall_ms: ms }
    }
}

/// ISO 8601 with milliseconds, as the service writes it.
pub fn iso(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms)
        .map_or_else(|_| "1970-01-01T00:00:00.000Z".to_owned(), |t| format!("{t:.3}"))
}

/// The time as signatures write it: `20260101T000000Z`.
pub(crate) fn basic(ms: i64) -> String {
    let instant = jiff::Timestamp::from_millisecond(ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    jiff::tz::Offset::UTC.to_datetime(instant).strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// The date as HTTP writes it.
pub fn http_date(ms: i64) -> String {
    let instant = jiff::Timestamp::from_millisecond(ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let civil = jiff::tz::Offset::UTC.to_datetime(instant);
    civil.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Milliseconds of an ISO 8601 text; without a zone it is UTC, a date alone is its midnight.
pub fn parse_iso(text: &str) -> Option<i64> {
    let civil = || {
        let here = text.parse::<jiff::civil::DateTime>().ok()?;
        jiff::tz::Offset::UTC.to_timestamp(here).ok()
    };
    text.parse::<jiff::Timestamp>().ok().or_else(civil).map(jiff::Timestamp::as_millisecond)
}

/// Milliseconds of a date as HTTP writes it.
pub fn parse_http_date(text: &str) -> Option<i64> {
    let civil = jiff::civil::DateTime::strptime("%a, %d %b %Y %H:%M:%S GMT", text).ok()?;
    let instant = jiff::tz::Offset::UTC.to_timestamp(civil).ok()?;
    Some(instant.as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::parse_iso;

    #[test]
    fn times_are_read_as_clients_write_them() {
        for text in
            ["2026-01-02", "2026-01-02T00:00", "2026-01-02T00:00:00Z", "2026-01-02T01:00:00.000+01:00"]
        {
            assert_eq!(parse_iso(text), Some(1_767_312_000_000), "{text}");
        }
        for text in ["", "yesterday", "2026-13-01", "1767312000"] {
            assert_eq!(parse_iso(text), None, "{text}");
        }
    }
}
