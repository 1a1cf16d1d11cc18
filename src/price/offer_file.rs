//! AWS's bulk offer file, as CSV or JSON, made into a price list. Refused whole when anything in it
//! that we would charge by is missing, doubled, foreign or below zero.
//!
//! Source of the columns and families: AWS price list service, offer `AmazonBraket`, and the Braket
//! SDK's tracker, which filters on the same ones.

use serde_json::{Value, json};
use shotbook_sim::target::{Catalogue, Device};

use super::{PriceList, PriceListError};
use crate::money::Money;

/// Simulators are billed for at least this. Source: Braket developer guide, "Cost tracking and saving".
const MINIMUM_MS: u64 = 3000;

/// Why an offer file is refused.
#[derive(Debug, thiserror::Error)]
pub enum OfferError {
    /// Neither form.
    #[error("this is no offer file of Amazon Braket: {0}")]
    Shape(String),
    /// Not exactly one row where there must be one.
    #[error("{device} has {found} rows for its price per {unit} in {region}; exactly one is expected")]
    Rows {
        /// Short name.
        device: String,
        /// `task`, `shot` or `minute`.
        unit: &'static str,
        /// Region of the rows.
        region: String,
        /// How many there are.
        found: usize,
    },
    /// A foreign currency or unit.
    #[error("{device}: {what} is {found:?}, expected {expected}")]
    Foreign {
        /// Short name.
        device: String,
        /// Which column.
        what: &'static str,
        /// What stands there.
        found: String,
        /// What must.
        expected: &'static str,
    },
    /// Regions that disagree on one simulator.
    #[error("{0} has different prices in different regions")]
    Uneven(String),
    /// A price that is none.
    #[error(transparent)]
    Price(#[from] PriceListError),
}

/// One row, in the words of the file.
#[derive(Clone, Debug, Default)]
struct Offer {
    family: String,
    region: String,
    device: String,
    version: String,
    operation: String,
    unit: String,
    currency: String,
    price: String,
}

/// The list in an offer file, and the text by which it is kept.
pub fn read(text: &str) -> Result<(PriceList, String), OfferError> {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with('{') && text.contains("\"shotbook.prices/1\"") {
        return Ok((PriceList::from_json(text)?, text.to_owned()));
    }
    let (date, offers) = if text.starts_with('{') { from_json(text)? } else { from_csv(text)? };
    if date.parse::<jiff::civil::Date>().is_err() {
        return Err(OfferError::Shape(format!("its publication date is {date:?}")));
    }
    let (mut qpus, mut simulators) = (Vec::new(), Vec::new());
    for device in Catalogue::embedded().devices().iter().filter(|d| !d.is_local()) {
        match device.region() {
            Some(region) => {
                let price = |family, unit| qpu_price(&offers, device, region, family, unit);
                qpus.push(json!({"device": device.name, "per_task": price("Quantum Task", "task")?,
                    "per_shot": price("Quantum Task-Shot", "shot")?, "seen": date}));
            }
            None => simulators.push(json!({"device": device.name,
                "per_minute": simulator_price(&offers, device)?, "minimum_ms": MINIMUM_MS, "seen": date})),
        }
    }
    let list = json!({"schema": "shotbook.prices/1", "date": date, "currency": "USD",
        "source": format!("AWS offer file of {date}; before tax"), "qpus": qpus, "simulators": simulators});
    let kept = list.to_string();
    Ok((PriceList::from_json(&kept)?, kept))
}

/// The name by which prices know a device: the last segment of its ARN, first letter upper-cased.
fn price_name(device: &Device) -> String {
    let last = device.arn.rsplit('/').next().unwrap_or_default();
    let mut letters = last.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase()).unwrap_or_default();
    format!("{first}{}", letters.as_str()).replace("Ibex", "IBEX")
}

fn qpu_price(
    offers: &[Offer],
    device: &Device,
    region: &str,
    family: &str,
    unit: &'static str,
) -> Result<String, OfferError> {
    let name = price_name(device);
    let all: Vec<&Offer> = offers.iter().filter(|o| o.family == family && o.device == name).collect();
    let rows = |region: &str| all.iter().filter(|o| o.region == region).count();
    let wrong = |region: &str, found| {
        let (device, region) = (device.name.clone(), region.to_owned());
        Err(OfferError::Rows { device, unit, region, found })
    };
    // Rows of other regions price nothing here, but a list that is wrong about one is not trusted.
    for offer in &all {
        in_dollars(offer, device)?;
        if offer.region != region && !offer.price.parse::<Money>().is_ok_and(|price| price > Money::ZERO) {
            let (device, found) = (device.name.clone(), offer.price.clone());
            let expected = "dollars above zero with at most nine decimals";
            return Err(OfferError::Foreign { device, what: "a price", found, expected });
        }
        if rows(&offer.region) > 1 {
            return wrong(&offer.region, rows(&offer.region));
        }
    }
    match all.iter().find(|o| o.region == region) {
        Some(offer) => Ok(offer.price.clone()),
        None => wrong(region, 0),
    }
}

fn simulator_price(offers: &[Offer], device: &Device) -> Result<String, OfferError> {
    let name = device.name.to_uppercase();
    let own: Vec<&Offer> = offers
        .iter()
        .filter(|o| o.family == "Simulator Task" && o.version == name && o.operation != "FailedTask")
        .collect();
    let Some(first) = own.first() else {
        let (device, region) = (device.name.clone(), "any region".to_owned());
        return Err(OfferError::Rows { device, unit: "minute", region, found: 0 });
    };
    for offer in &own {
        in_dollars(offer, device)?;
        if !offer.unit.to_lowercase().starts_with("minute") {
            let (device, found) = (device.name.clone(), offer.unit.clone());
            return Err(OfferError::Foreign { device, what: "the unit", found, expected: "minutes" });
        }
        if offer.price != first.price {
            return Err(OfferError::Uneven(device.name.clone()));
        }
        if own.iter().filter(|o| o.region == offer.region).count() > 1 {
            let (device, region) = (device.name.clone(), offer.region.clone());
            return Err(OfferError::Rows { device, unit: "minute", region, found: 2 });
        }
    }
    Ok(first.price.clone())
}

fn in_dollars(offer: &Offer, device: &Device) -> Result<(), OfferError> {
    if offer.currency == "USD" {
        return Ok(());
    }
    let (device, found) = (device.name.clone(), offer.currency.clone());
    Err(OfferError::Foreign { device, what: "the currency", found, expected: "USD" })
}

fn from_csv(text: &str) -> Result<(String, Vec<Offer>), OfferError> {
    let shape = |e: csv::Error| OfferError::Shape(e.to_string());
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let (mut date, mut columns, mut offers) = (String::new(), Vec::<String>::new(), Vec::new());
    for record in reader.records() {
        let record = record.map_err(shape)?;
        if columns.is_empty() {
            if record.iter().any(|c| c == "PricePerUnit") {
                columns = record.iter().map(str::to_owned).collect();
            } else if record.get(0) == Some("Publication Date") {
                date = record.get(1).unwrap_or_default().chars().take(10).collect();
            }
            continue;
        }
        if record.len() != columns.len() {
            let line = record.position().map_or(0, csv::Position::line);
            return Err(OfferError::Shape(format!("line {line} is cut")));
        }
        let cell = |name: &str| {
            columns.iter().position(|c| c == name).and_then(|i| record.get(i)).unwrap_or_default().to_owned()
        };
        offers.push(Offer {
            family: cell("Product Family"),
            region: cell("Region Code"),
            device: cell("DeviceName"),
            version: cell("Version"),
            operation: cell("operation"),
            unit: cell("Unit"),
            currency: cell("Currency"),
            price: cell("PricePerUnit"),
        });
    }
    if columns.is_empty() {
        return Err(OfferError::Shape("there is no header line with PricePerUnit".to_owned()));
    }
    Ok((date, offers))
}

fn from_json(text: &str) -> Result<(String, Vec<Offer>), OfferError> {
    let file: Value = serde_json::from_str(text).map_err(|e| OfferError::Shape(e.to_string()))?;
    let date = file["publicationDate"].as_str().unwrap_or_default().chars().take(10).collect();
    let products =
        file["products"].as_object().ok_or_else(|| OfferError::Shape("it has no products".to_owned()))?;
    let mut offers = Vec::new();
    for (sku, product) in products {
        let attribute = |name: &str| product["attributes"][name].as_str().unwrap_or_default().to_owned();
        let terms = file["terms"]["OnDemand"][sku].as_object().into_iter().flat_map(|t| t.values());
        let rates =
            terms.filter_map(|term| term["priceDimensions"].as_object()).flat_map(|rates| rates.values());
        for rate in rates {
            let prices = rate["pricePerUnit"].as_object().into_iter().flatten();
            for (currency, price) in prices {
                offers.push(Offer {
                    family: product["productFamily"].as_str().unwrap_or_default().to_owned(),
                    region: attribute("regionCode"),
                    device: attribute("devicename"),
                    version: attribute("version"),
                    operation: attribute("operation"),
                    unit: rate["unit"].as_str().unwrap_or_default().to_owned(),
                    currency: currency.clone(),
                    price: price.as_str().unwrap_or_default().to_owned(),
                });
            }
        }
    }
    Ok((date, offers))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::price::Rate;

    /// An offer file with every device, and retired rows that nobody asks for.
    fn csv() -> String {
        let mut out = String::from(
            "\"FormatVersion\",\"v1.0\"\n\"Publication Date\",\"2026-11-20T10:00:00Z\"\n\"OfferCode\",\"AmazonBraket\"\n\
             \"SKU\",\"Unit\",\"PricePerUnit\",\"Currency\",\"Product Family\",\"Region Code\",\"DeviceName\",\"Version\",\"operation\"\n\
             \"A\",\"shots\",\"0.0009000000\",\"USD\",\"Quantum Task-Shot\",\"us-west-1\",\"Ankaa-3\",\"\",\"CompleteTask\"\n",
        );
        for device in Catalogue::embedded().devices().iter().filter(|d| !d.is_local()) {
            let (name, family) = (price_name(device), "Quantum Task");
            match device.region() {
                Some(region) => {
                    out += &format!("T,tasks,0.3000000000,USD,{family},{region},{name},,CompleteTask\n");
                    out += &format!("S,shots,0.0020000000,USD,{family}-Shot,{region},{name},,CompleteTask\n");
                }
                None => {
                    let version = device.name.to_uppercase();
                    for region in ["us-east-1", "us-west-2"] {
                        out += &format!(
                            "M,minutes,0.0750000000,USD,Simulator Task,{region},,{version},CompleteTask\n"
                        );
                    }
                }
            }
        }
        out
    }

    #[test]
    fn the_rates_are_read_and_what_is_kept_reads_the_same() {
        let (list, kept) = read(&csv()).unwrap();
        assert_eq!(list.date, "2026-11-20");
        let Some(Rate::PerShot { task_fee, shot_fee }) = list.rate("ibex-q1") else { panic!() };
        assert_eq!((task_fee.to_string().as_str(), shot_fee.to_string().as_str()), ("0.3", "0.002"));
        let Some(Rate::PerMinute { minute, minimum_ms }) = list.rate("sv1") else { panic!() };
        assert_eq!((minute.to_string().as_str(), minimum_ms), ("0.075", 3000));
        assert_eq!(read(&kept).unwrap().0, list);
    }

    #[test]
    fn one_poisoned_row_refuses_the_file() {
        let with = |from: &str, to: &str| {
            let text = csv();
            assert!(text.contains(from), "{from}");
            read(&text.replacen(from, to, 1))
        };
        let garnet = "S,shots,0.0020000000,USD,Quantum Task-Shot,eu-north-1,Garnet,,CompleteTask\n";
        assert!(matches!(with(garnet, ""), Err(OfferError::Rows { found: 0, unit: "shot", .. })));
        assert!(matches!(with(garnet, &garnet.repeat(2)), Err(OfferError::Rows { found: 2, .. })));
        for price in ["0", "-0.002", "NaN", "", "1e-3", "0,002"] {
            let row = garnet.replace("0.0020000000", &format!("\"{price}\""));
            assert!(matches!(with(garnet, &row), Err(OfferError::Price(_))), "{price}");
        }
        let elsewhere = garnet.replace("eu-north-1", "us-east-1").replace("0.0020000000", "0");
        let both = with(garnet, &format!("{garnet}{elsewhere}"));
        assert!(matches!(both, Err(OfferError::Foreign { what: "a price", .. })), "no row here, yet wrong");
        assert!(matches!(with(garnet, &garnet.replace("USD", "CNY")), Err(OfferError::Foreign { .. })));
        assert!(matches!(with("us-east-1,,SV1", "us-west-2,,SV1"), Err(OfferError::Rows { .. })));
        assert!(matches!(with("M,minutes", "M,hours"), Err(OfferError::Foreign { what: "the unit", .. })));
        assert!(matches!(with("M,minutes,0.0750", "M,minutes,0.0760"), Err(OfferError::Uneven(_))));
        assert!(matches!(with("2026-11-20T", "2026-02-30T"), Err(OfferError::Shape(_))));
        assert!(matches!(with(garnet, "S,shots\n"), Err(OfferError::Shape(_))));
        for text in ["", "hello", "{}", "\u{0}", "SKU\n"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
