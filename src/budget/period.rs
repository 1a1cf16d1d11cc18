//! Periods of a budget, all in UTC.

use std::fmt;

use jiff::civil::Date;

use crate::time::Timestamp;

/// How often a budget starts anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// Never.
    Ever,
    /// Each day.
    Day,
    /// Each ISO week, from Monday.
    Week,
    /// Each month.
    Month,
    /// Once, from the first day to the last, both included.
    Between(Date, Date),
}

/// Which period an instant falls into: `2026-11`, `2026-W48`, `2026-11-24`, `ever`, `2026-01-01..2026-06-30`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeriodKey(String);

impl Period {
    /// The period of an instant; `None` outside a bounded one, where nothing may be spent.
    pub fn key(self, at: Timestamp) -> Option<PeriodKey> {
        let date = at.civil_date()?;
        Some(PeriodKey(match self {
            Self::Ever => "ever".to_owned(),
            Self::Day => date.to_string(),
            Self::Week => {
                let week = date.iso_week_date();
                format!("{}-W{:02}", week.year(), week.week())
            }
            Self::Month => date.strftime("%Y-%m").to_string(),
            Self::Between(from, until) if (from..=until).contains(&date) => format!("{from}..{until}"),
            Self::Between(..) => return None,
        }))
    }

    /// The word of the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ever => "ever",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Between(..) => "between",
        }
    }
}

impl PeriodKey {
    /// A key that was read back.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PeriodKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn key(period: Period, at: &str) -> Option<String> {
        period.key(at.parse().unwrap()).map(|k| k.to_string())
    }

    #[test]
    fn borders_are_utc_midnights() {
        assert_eq!(key(Period::Month, "2028-02-29T23:59:59.999Z").as_deref(), Some("2028-02"));
        assert_eq!(key(Period::Month, "2028-03-01T00:00:00Z").as_deref(), Some("2028-03"));
        assert_eq!(key(Period::Day, "2026-11-24T23:59:59Z").as_deref(), Some("2026-11-24"));
        assert_eq!(key(Period::Week, "2027-01-03T12:00:00Z").as_deref(), Some("2026-W53"));
        assert_eq!(key(Period::Ever, "1999-01-01T00:00:00Z").as_deref(), Some("ever"));
    }

    #[test]
    fn outside_a_bounded_period_there_is_none() {
        let term = Period::Between(date(2026, 1, 1), date(2026, 6, 30));
        assert_eq!(key(term, "2026-06-30T23:59:59Z").as_deref(), Some("2026-01-01..2026-06-30"));
        assert_eq!(key(term, "2026-07-01T00:00:00Z"), None);
        assert_eq!(key(term, "2025-12-31T23:59:59Z"), None);
    }
}
