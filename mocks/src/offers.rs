//! The bulk price list: five lines of metadata, a header, ten decimals.

use serde_json::json;

use crate::http::Response;
use crate::meter::{Rate, rates};

/// Where it is.
pub const PATH: &str = "/offers/v1.0/aws/AmazonBraket/current/index.csv";

/// Where the list is as JSON.
pub const JSON_PATH: &str = "/offers/v1.0/aws/AmazonBraket/current/index.json";

/// One price: SKU, unit, amount, family, region, device, version of a simulator.
struct Row {
    sku: String,
    unit: &'static str,
    price: String,
    family: &'static str,
    region: &'static str,
    device: String,
    version: String,
}

const REGIONS: [&str; 5] = ["us-east-1", "us-west-1", "us-west-2", "eu-west-2", "eu-north-1"];

fn rows(factor: i128) -> Vec<Row> {
    let mut out: Vec<Row> = Vec::new();
    for (name, rate) in rates() {
        for region in REGIONS {
            let priced = name.replace("Ibex", "IBEX");
            let mut row = |unit, nanos: i128, family, device: &str, version: &str| {
                let nanos = nanos * factor;
                let price = format!("{}.{:09}0", nanos / 1_000_000_000, nanos % 1_000_000_000);
                let sku = format!("SHOTBOOK{:04}", out.len());
                let (device, version) = (device.to_owned(), version.to_owned());
                out.push(Row { sku, unit, price, family, region, device, version });
            };
            match rate {
                Rate::Qpu(task, shot) => {
                    row("tasks", task, "Quantum Task", &priced, "");
                    row("shots", shot, "Quantum Task-Shot", &priced, "");
                }
                Rate::Minute(minute) => row("minutes", minute, "Simulator Task", "", &name.to_uppercase()),
            }
        }
    }
    out
}

fn factor(dearer: bool) -> i128 {
    if dearer { 2 } else { 1 }
}

/// The list as JSON, with twice the prices after a change.
pub fn json(dearer: bool) -> Response {
    let (mut products, mut terms) = (serde_json::Map::new(), serde_json::Map::new());
    for r in rows(factor(dearer)) {
        let product = json!({"sku": r.sku, "productFamily": r.family, "attributes": {"regionCode": r.region,
            "devicename": r.device, "version": r.version, "operation": "CompleteTask"}});
        let term = json!({format!("{}.T", r.sku): {"sku": r.sku, "priceDimensions": {format!("{}.T.R", r.sku): {
            "unit": r.unit, "pricePerUnit": {"USD": r.price}}}}});
        products.insert(r.sku.clone(), product);
        terms.insert(r.sku, term);
    }
    let list = json!({"formatVersion": "v1.0", "offerCode": "AmazonBraket", "version": "20260904000000",
        "publicationDate": "2026-09-04T00:00:00Z", "products": products, "terms": {"OnDemand": terms}});
    Response::json(200, &list)
}

/// The list as CSV, with twice the prices after a change.
pub fn csv(dearer: bool) -> Response {
    Response {
        status: 200,
        headers: vec![("content-type".into(), "text/csv".into())],
        body: text(factor(dearer)).into_bytes(),
    }
}

/// The text of the list as CSV.
pub fn csv_text() -> String {
    text(1)
}

fn text(factor: i128) -> String {
    let mut out = String::from(
        "\"FormatVersion\",\"v1.0\"\n\"Disclaimer\",\"A stand-in, not AWS's price list\"\n\
         \"Publication Date\",\"2026-09-04T00:00:00Z\"\n\"Version\",\"20260904000000\"\n\
         \"OfferCode\",\"AmazonBraket\"\n",
    );
    out.push_str(
        "\"SKU\",\"Unit\",\"PricePerUnit\",\"Currency\",\"Product Family\",\"Region Code\",\"Device Name\",\
         \"DeviceName\",\"Version\",\"operation\"\n",
    );
    for r in rows(factor) {
        out.push_str(&format!(
            "\"{}\",\"{}\",\"{}\",\"USD\",\"{}\",\"{}\",\"\",\"{}\",\"{}\",\"CompleteTask\"\n",
            r.sku, r.unit, r.price, r.family, r.region, r.device, r.version
        ));
    }
    out
}
