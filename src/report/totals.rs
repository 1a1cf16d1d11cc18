//! One source for many targets beside a training for each: what it comes to, and when it pays.

use super::{Chart, Line};

/// Costs in one unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Totals {
    /// Words for what is counted, with the unit: `USD on garnet`.
    pub what: String,
    /// Of the source, once.
    pub source: f64,
    /// Of a target that starts from the source.
    pub reused: f64,
    /// Of a target from zero.
    pub cold: f64,
}

impl Totals {
    /// Targets until the source has paid for itself; `None` where it never does.
    pub fn break_even(&self) -> Option<f64> {
        let saved = self.cold - self.reused;
        (saved > 0.0 && self.source.is_finite()).then(|| self.source / saved)
    }

    /// Both ways for so many targets: reused, cold.
    pub fn at(&self, targets: f64) -> (f64, f64) {
        (self.source + targets * self.reused, targets * self.cold)
    }

    /// The same in another unit.
    #[must_use]
    pub fn scaled(&self, by: f64, what: impl Into<String>) -> Self {
        Self { what: what.into(), source: by * self.source, reused: by * self.reused, cold: by * self.cold }
    }

    /// Cumulative cost against the number of targets.
    pub fn chart(&self) -> Chart {
        let even = self.break_even().filter(|n| *n <= 1000.0);
        let most = even.map_or(20.0, |n| (2.0 * n).clamp(10.0, 1000.0));
        let line = |name: &str, of: &dyn Fn((f64, f64)) -> f64| Line {
            name: name.to_owned(),
            points: (0..=40).map(|i| most * f64::from(i) / 40.0).map(|n| (n, of(self.at(n)))).collect(),
            ..Line::default()
        };
        Chart {
            title: "Cumulative cost against targets".to_owned(),
            x: "targets".to_owned(),
            y: self.what.clone(),
            lines: vec![line("each from zero", &|t| t.1), line("reused, source included", &|t| t.0)],
            marks: even.map(|n| (n, format!("the means meet at {n:.1}"))).into_iter().collect(),
            ..Chart::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_pays_once_it_has_saved_its_cost() {
        let totals = Totals { what: "USD".to_owned(), source: 100.0, reused: 10.0, cold: 35.0 };
        assert_eq!((totals.break_even(), totals.at(4.0)), (Some(4.0), (140.0, 140.0)));
        assert_eq!(totals.chart().marks.len(), 1);
        let never = Totals { reused: 40.0, ..totals.clone() };
        assert_eq!(never.break_even(), None);
        assert!(never.chart().marks.is_empty());
        assert_eq!(totals.scaled(2.0, "kWh").break_even(), Some(4.0), "a ratio has no unit");
    }
}
