//! The bulk price list: five lines of metadata, a header, ten decimals.

use crate::http::Response;
use crate::meter::{Rate, rates};

/// Where it is.
pub const PATH: &str = "/offers/v1.0/aws/AmazonBraket/current/index.csv";

/// The list as CSV.
pub fn csv() -> Response {
    let mut out = String::from(
        "\"FormatVersion\",\"v1.0\"\n\"Disclaimer\",\"A stand-in, not AWS's price list\"\n\
         \"Publication Date\",\"2026-09-04T00:00:00Z\"\n\"Version\",\"20260904000000\"\n\
         \"OfferCode\",\"AmazonBraket\"\n",
    );
    out.push_str(
        "\"SKU\",\"Unit\",\"PricePerUnit\",\"Currency\",\"Product Family\",\"Region Code\",\"Device Name\",\
         \"DeviceName\",\"Version\",\"operation\"\n",
    );
    let mut row = |unit: &str, nanos: i128, family: &str, region: &str, device: &str, version: &str| {
        let price = format!("{}.{:09}0", nanos / 1_000_000_000, nanos % 1_000_000_000);
        let sku = format!("SHOTBOOK{}", out.lines().count());
        out.push_str(&format!(
            "\"{sku}\",\"{unit}\",\"{price}\",\"USD\",\"{family}\",\"{region}\",\"\",\"{device}\",\"{version}\",\
             \"CompleteTask\"\n"
        ));
    };
    let regions = ["us-east-1", "us-west-1", "us-west-2", "eu-west-2", "eu-north-1"];
    for (name, rate) in rates() {
        for region in regions {
            match rate {
                Rate::Qpu(task, shot) => {
                    let priced =
                        if name.starts_with("Ibex") { name.replace("Ibex", "IBEX") } else { name.to_owned() };
                    row("tasks", task, "Quantum Task", region, &priced, "");
                    row("shots", shot, "Quantum Task-Shot", region, &priced, "");
                }
                Rate::Minute(minute) => {
                    row("minutes", minute, "Simulator Task", region, "", &name.to_uppercase());
                }
            }
        }
    }
    Response {
        status: 200,
        headers: vec![("content-type".into(), "text/csv".into())],
        body: out.into_bytes(),
    }
}
