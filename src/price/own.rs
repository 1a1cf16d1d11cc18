//! Prices that AWS does not publish, as the user's own table gives them.

use serde::Deserialize;

use crate::money::{Money, ParseMoneyError};

/// What a user knows of reservations, instances and discounts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnPrices {
    /// Dollars an hour of a reserved device, by short name.
    pub reservations: Vec<(String, Money)>,
    /// Dollars an hour of a hybrid job's instance, by type.
    pub instances: Vec<(String, Money)>,
    /// Discounts by account. Units: hundredths of a percent.
    pub discounts: Vec<(String, u64)>,
}

/// Why a table is refused whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OwnPricesError {
    /// No TOML of this shape.
    #[error("the table is not readable: {0}")]
    Shape(String),
    /// Another currency.
    #[error("the table is in {0:?}; only USD is kept")]
    Currency(String),
    /// An amount that is none.
    #[error("{name}: {text:?} is no price: {cause}")]
    Amount {
        /// The row.
        name: String,
        /// What stands there.
        text: String,
        /// Why.
        cause: ParseMoneyError,
    },
    /// Zero or below, which never means free.
    #[error("{0}: a price is above zero and a discount from 0.01 to 100 percent")]
    Range(String),
    /// Two rows for one thing.
    #[error("{0} stands there twice")]
    Twice(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    currency: String,
    #[serde(default)]
    reservation: Vec<Reservation>,
    #[serde(default)]
    instance: Vec<Instance>,
    #[serde(default)]
    discount: Vec<Discount>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reservation {
    device: String,
    per_hour: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Instance {
    #[serde(rename = "type")]
    kind: String,
    per_hour: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Discount {
    account: String,
    percent: String,
}

fn amount(name: &str, text: &str) -> Result<Money, OwnPricesError> {
    let wrong = |cause| OwnPricesError::Amount { name: name.to_owned(), text: text.to_owned(), cause };
    let money: Money = text.parse().map_err(wrong)?;
    if money > Money::ZERO { Ok(money) } else { Err(OwnPricesError::Range(name.to_owned())) }
}

fn once<T>(rows: Vec<(String, T)>) -> Result<Vec<(String, T)>, OwnPricesError> {
    for (i, (name, _)) in rows.iter().enumerate() {
        if rows[..i].iter().any(|(other, _)| other == name) {
            return Err(OwnPricesError::Twice(name.clone()));
        }
    }
    Ok(rows)
}

impl OwnPrices {
    /// Reads a table; one wrong row refuses it.
    pub fn from_toml(text: &str) -> Result<Self, OwnPricesError> {
        let file: File =
            toml::from_str(text).map_err(|e| OwnPricesError::Shape(e.message().replace('\n', " ")))?;
        if file.currency != "USD" {
            return Err(OwnPricesError::Currency(file.currency));
        }
        let hourly = |name: String, text: &str| amount(&name, text).map(|m| (name, m));
        let reservations: Result<Vec<_>, _> =
            file.reservation.into_iter().map(|r| hourly(r.device, &r.per_hour)).collect();
        let instances: Result<Vec<_>, _> =
            file.instance.into_iter().map(|i| hourly(i.kind, &i.per_hour)).collect();
        let discounts: Result<Vec<_>, _> = file
            .discount
            .into_iter()
            .map(|d| {
                // Two decimals of a percent are exact in ten-thousandths.
                let nanos = amount(&d.account, &d.percent)?.nanos();
                let parts = u64::try_from(nanos / 10_000_000).unwrap_or(0);
                let exact = nanos % 10_000_000 == 0 && (1..=10_000).contains(&parts);
                if exact { Ok((d.account, parts)) } else { Err(OwnPricesError::Range(d.account)) }
            })
            .collect();
        Ok(Self {
            reservations: once(reservations?)?,
            instances: once(instances?)?,
            discounts: once(discounts?)?,
        })
    }

    /// Dollars an hour of a reserved device.
    pub fn reservation(&self, device: &str) -> Option<Money> {
        self.reservations.iter().find(|(name, _)| name == device).map(|(_, m)| *m)
    }

    /// Dollars an hour of an instance.
    pub fn instance(&self, kind: &str) -> Option<Money> {
        self.instances.iter().find(|(name, _)| name == kind).map(|(_, m)| *m)
    }

    /// Discount of an account. Units: hundredths of a percent.
    pub fn discount(&self, account: &str) -> Option<u64> {
        self.discounts.iter().find(|(name, _)| name == account).map(|(_, parts)| *parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "currency = \"USD\"\n[[reservation]]\ndevice = \"garnet\"\nper_hour = \"3000\"\n\
                        [[instance]]\ntype = \"ml.m5.large\"\nper_hour = \"0.115\"\n\
                        [[discount]]\naccount = \"123456789012\"\npercent = \"7.25\"\n";

    #[test]
    fn a_table_is_exact_or_refused_whole() {
        let own = OwnPrices::from_toml(TEXT).unwrap();
        assert_eq!(own.reservation("garnet"), Some("3000".parse().unwrap()));
        assert_eq!(own.instance("ml.m5.large"), Some("0.115".parse().unwrap()));
        assert_eq!((own.reservation("emerald"), own.discount("123456789012")), (None, Some(725)));
        let with = |from: &str, to: &str| {
            assert!(TEXT.contains(from));
            OwnPrices::from_toml(&TEXT.replacen(from, to, 1)).unwrap_err()
        };
        assert_eq!(with("USD", "EUR"), OwnPricesError::Currency("EUR".to_owned()));
        for price in ["0", "-1"] {
            assert!(matches!(with("3000", price), OwnPricesError::Range(_)), "{price}");
        }
        for price in ["NaN", "1e3", "3,000", "0.0000000001", "9223372037"] {
            assert!(matches!(with("3000", price), OwnPricesError::Amount { .. }), "{price}");
        }
        for percent in ["100.01", "0.001", "0"] {
            assert!(matches!(with("7.25", percent), OwnPricesError::Range(_)), "{percent}");
        }
        assert!(matches!(with("\"3000\"", "3000"), OwnPricesError::Shape(_)), "a float is no price");
        assert!(matches!(with("[[instance]]", "[[instances]]"), OwnPricesError::Shape(_)));
        let twice = TEXT
            .replace("[[instance]]", "[[reservation]]\ndevice = \"garnet\"\nper_hour = \"1\"\n[[instance]]");
        assert_eq!(OwnPrices::from_toml(&twice), Err(OwnPricesError::Twice("garnet".to_owned())));
    }
}
