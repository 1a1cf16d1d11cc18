//! The dated list of rates; one row per device.

use std::sync::LazyLock;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::ids::hex;
use crate::money::{Money, ParseMoneyError};

/// Rates of one date, refused whole when a row is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceList {
    /// The day the rates were valid.
    pub date: String,
    /// Where they come from, in one line.
    pub source: String,
    /// Rows in the order of the list.
    pub rows: Vec<PriceRow>,
    digest: String,
}

/// What one device charges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceRow {
    /// Short name of the device.
    pub device: String,
    /// The rates.
    pub rate: Rate,
    /// When this row was last seen.
    pub seen: String,
}

/// How a device is priced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    /// A fee for each task and one for each shot.
    PerShot {
        /// Once per task.
        task_fee: Money,
        /// Per shot.
        shot_fee: Money,
    },
    /// Simulation time.
    PerMinute {
        /// For one minute.
        minute: Money,
        /// The least that is billed. Units: milliseconds.
        minimum_ms: u64,
    },
}

/// Why a list is refused; nothing of it is used then.
#[derive(Debug, thiserror::Error)]
pub enum PriceListError {
    /// Not the written shape.
    #[error("the price list is not readable: {0}")]
    Shape(#[from] serde_json::Error),
    /// Another shape or currency.
    #[error("the price list says {what} {found:?}, expected {expected:?}")]
    Head {
        /// Which field.
        what: &'static str,
        /// What it says.
        found: String,
        /// What it must say.
        expected: &'static str,
    },
    /// An amount that is none.
    #[error("{device}: {text:?} is no price: {cause}")]
    Amount {
        /// The row.
        device: String,
        /// What stands there.
        text: String,
        /// Why.
        cause: ParseMoneyError,
    },
    /// Zero or negative, which never means free.
    #[error("{device}: a price of {text} is refused; it never means free")]
    NotPositive {
        /// The row.
        device: String,
        /// What stands there.
        text: String,
    },
    /// Two rows for one device.
    #[error("{0} is priced twice")]
    Twice(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: String,
    date: String,
    currency: String,
    source: String,
    qpus: Vec<QpuRow>,
    simulators: Vec<SimulatorRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct QpuRow {
    device: String,
    per_task: String,
    per_shot: String,
    seen: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SimulatorRow {
    device: String,
    per_minute: String,
    minimum_ms: u64,
    seen: String,
}

const SCHEMA: &str = "shotbook.prices/1";

static EMBEDDED: LazyLock<PriceList> = LazyLock::new(|| {
    PriceList::from_json(include_str!("price_list.json")).expect("a test reads the embedded list")
});

impl PriceList {
    /// The list of this version.
    pub fn embedded() -> &'static Self {
        &EMBEDDED
    }

    /// A list in the written shape of the embedded one.
    pub fn from_json(text: &str) -> Result<Self, PriceListError> {
        let file: File = serde_json::from_str(text)?;
        let head = |what, found: &str, expected| {
            let found = found.to_owned();
            if found == expected { Ok(()) } else { Err(PriceListError::Head { what, found, expected }) }
        };
        head("schema", &file.schema, SCHEMA)?;
        head("currency", &file.currency, "USD")?;
        let mut rows = Vec::new();
        for row in file.qpus {
            let task_fee = amount(&row.device, &row.per_task)?;
            let shot_fee = amount(&row.device, &row.per_shot)?;
            rows.push(PriceRow {
                device: row.device,
                rate: Rate::PerShot { task_fee, shot_fee },
                seen: row.seen,
            });
        }
        for row in file.simulators {
            let minute = amount(&row.device, &row.per_minute)?;
            let rate = Rate::PerMinute { minute, minimum_ms: row.minimum_ms };
            rows.push(PriceRow { device: row.device, rate, seen: row.seen });
        }
        for (i, row) in rows.iter().enumerate() {
            if rows[..i].iter().any(|r| r.device == row.device) {
                return Err(PriceListError::Twice(row.device.clone()));
            }
        }
        let digest = hex(&Sha256::digest(text.as_bytes()));
        Ok(Self { date: file.date, source: file.source, rows, digest })
    }

    /// The rates of a device by short name.
    pub fn rate(&self, device: &str) -> Option<Rate> {
        self.rows.iter().find(|r| r.device == device).map(|r| r.rate)
    }

    /// SHA-256 of the text, so that a quote names the list it was made from.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Age on a day. Units: days; `None` when either date is none.
    pub fn age_days(&self, today: jiff::civil::Date) -> Option<i32> {
        let date: jiff::civil::Date = self.date.parse().ok()?;
        date.until(today).ok().map(|span| span.get_days())
    }
}

fn amount(device: &str, text: &str) -> Result<Money, PriceListError> {
    let wrong = |cause| PriceListError::Amount { device: device.to_owned(), text: text.to_owned(), cause };
    let money: Money = text.parse().map_err(wrong)?;
    if money <= Money::ZERO {
        return Err(PriceListError::NotPositive { device: device.to_owned(), text: text.to_owned() });
    }
    Ok(money)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = include_str!("price_list.json");

    #[test]
    fn every_device_of_the_catalogue_has_a_rate_and_nothing_else_has() {
        let list = PriceList::embedded();
        let catalogue = shotbook_sim::target::Catalogue::embedded();
        for device in catalogue.devices() {
            assert!(list.rate(&device.name).is_some(), "{} has no price", device.name);
        }
        for row in &list.rows {
            assert!(catalogue.devices().iter().any(|d| d.name == row.device), "{} is no device", row.device);
        }
    }

    #[test]
    fn published_rates_are_exact() {
        let Some(Rate::PerShot { task_fee, shot_fee }) = PriceList::embedded().rate("cepheus") else {
            panic!()
        };
        assert_eq!((task_fee.to_string().as_str(), shot_fee.to_string().as_str()), ("0.3", "0.000425"));
    }

    #[test]
    fn one_wrong_row_refuses_the_list() {
        let with = |from: &str, to: &str| {
            assert!(TEXT.contains(from), "{from}");
            PriceList::from_json(&TEXT.replacen(from, to, 1))
        };
        assert!(matches!(with("\"0.08\"", "\"0\""), Err(PriceListError::NotPositive { .. })));
        assert!(matches!(with("\"0.08\"", "\"-0.08\""), Err(PriceListError::NotPositive { .. })));
        assert!(matches!(with("\"0.08\"", "\"NaN\""), Err(PriceListError::Amount { .. })));
        assert!(matches!(with("\"0.08\"", "0.08"), Err(PriceListError::Shape(_))));
        assert!(matches!(with("\"USD\"", "\"EUR\""), Err(PriceListError::Head { what: "currency", .. })));
        assert!(matches!(with("\"emerald\"", "\"garnet\""), Err(PriceListError::Twice(_))));
        assert!(matches!(PriceList::from_json("{}"), Err(PriceListError::Shape(_))));
    }

    #[test]
    fn a_list_knows_its_age() {
        let age = PriceList::embedded().age_days(jiff::civil::date(2026, 10, 4));
        assert_eq!(age, Some(30));
    }
}
