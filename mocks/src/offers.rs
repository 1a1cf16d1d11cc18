//! The bulk price list: five lines of metadata, a header, ten decimals.

use serde_json::{Value, json};

use crate::http::{Request, Response};
use crate::meter::{Rate, rates};
use crate::neighbours::{answer, refusal, target};

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
    /// Whether tasks of hybrid jobs pay it, under names of their own.
    job: bool,
}

impl Row {
    fn operation(&self) -> &'static str {
        if self.job { "Managed-Jobs" } else { "CompleteTask" }
    }
}

const REGIONS: [&str; 5] = ["us-east-1", "us-west-1", "us-west-2", "eu-west-2", "eu-north-1"];

fn rows(factor: i128) -> Vec<Row> {
    let mut out: Vec<Row> = Vec::new();
    for (name, rate) in rates() {
        for region in REGIONS {
            let priced = name.replace("Ibex", "IBEX");
            let mut row = |unit, nanos: i128, family: &'static str, device: &str, version: &str| {
                let nanos = nanos * factor;
                let price = format!("{}.{:09}0", nanos / 1_000_000_000, nanos % 1_000_000_000);
                let sku = format!("SHOTBOOK{:04}", out.len());
                let (device, version) = (device.to_owned(), version.to_owned());
                let job = family.starts_with("Braket Managed Jobs");
                out.push(Row { sku, unit, price, family, region, device, version, job });
            };
            match rate {
                Rate::Qpu(task, shot) => {
                    row("tasks", task, "Quantum Task", &priced, "");
                    row("shots", shot, "Quantum Task-Shot", &priced, "");
                    row("tasks", task, "Braket Managed Jobs QPU Task", &priced, "");
                    row("shots", shot, "Braket Managed Jobs QPU Task Shot", &priced, "");
                }
                Rate::Minute(minute) => {
                    let version = name.to_uppercase();
                    row("minutes", minute, "Simulator Task", "", &version);
                    row("minutes", minute, "Braket Managed Jobs Simulator Task", "", &version);
                }
            }
        }
    }
    out
}

const SERVICE: &str = "AmazonBraket";
const FIELDS: [&str; 6] = ["regionCode", "productFamily", "devicename", "version", "operation", "usagetype"];

impl Row {
    fn attributes(&self) -> Value {
        let mut out = json!({"regionCode": self.region, "operation": self.operation(), "servicecode": SERVICE,
            "usagetype": format!("{}-{}", self.region, self.family.replace(' ', "-"))});
        for (name, value) in [("devicename", &self.device), ("version", &self.version)] {
            if !value.is_empty() {
                out[name] = json!(value);
            }
        }
        out
    }

    fn product(&self) -> Value {
        json!({"sku": self.sku, "productFamily": self.family, "attributes": self.attributes()})
    }

    fn terms(&self) -> Value {
        json!({format!("{}.T", self.sku): {"sku": self.sku, "effectiveDate": "2026-09-04T00:00:00Z",
            "priceDimensions": {format!("{}.T.R", self.sku): {"unit": self.unit, "description": self.family,
                "pricePerUnit": {"USD": self.price}}}}})
    }

    fn passes(&self, filter: &Value) -> bool {
        let text = |name: &str| filter[name].as_str().unwrap_or("");
        let attributes = self.attributes();
        let own = match text("Field") {
            "productFamily" => self.family,
            "ServiceCode" | "servicecode" => SERVICE,
            field => attributes[field].as_str().unwrap_or(""),
        };
        let wanted = text("Value");
        match text("Type") {
            "CONTAINS" => own.contains(wanted),
            "ANY_OF" => wanted.split(',').any(|w| w == own),
            "NONE_OF" => wanted.split(',').all(|w| w != own),
            _ => own.eq_ignore_ascii_case(wanted),
        }
    }
}

/// One page: rows from a place named by the token, which is a number.
fn page<T>(rows: Vec<T>, body: &Value) -> Option<(Vec<T>, Option<String>)> {
    let from = match body["NextToken"].as_str() {
        None | Some("") => 0,
        Some(token) => token.parse::<usize>().ok().filter(|n| *n <= rows.len())?,
    };
    let most = body["MaxResults"].as_u64().map_or(100, |n| n.clamp(1, 100)) as usize;
    let next = (from + most < rows.len()).then(|| (from + most).to_string());
    Some((rows.into_iter().skip(from).take(most).collect(), next))
}

fn paged(name: &str, rows: Vec<Value>, body: &Value) -> Response {
    let Some((rows, next)) = page(rows, body) else {
        return refusal("InvalidNextTokenException", "The NextToken is invalid.");
    };
    let mut out = json!({"FormatVersion": "aws_v1", name: rows});
    if let Some(next) = next {
        out["NextToken"] = json!(next);
    }
    answer(&out)
}

/// The price list as its query service answers it.
pub fn query(request: &Request, dearer: bool) -> Response {
    let body: Value = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
    let service = body["ServiceCode"].as_str().unwrap_or(SERVICE);
    if service != SERVICE {
        return refusal("NotFoundException", "This stand-in knows the prices of AmazonBraket.");
    }
    let rows = rows(factor(dearer));
    match target(request) {
        "DescribeServices" => {
            let row = json!({"ServiceCode": SERVICE, "AttributeNames": FIELDS});
            paged("Services", vec![row], &body)
        }
        "GetAttributeValues" => {
            let name = body["AttributeName"].as_str().unwrap_or("");
            let mut values: Vec<String> = rows
                .iter()
                .map(|r| match name {
                    "productFamily" => r.family.to_owned(),
                    name => r.attributes()[name].as_str().unwrap_or("").to_owned(),
                })
                .filter(|v| !v.is_empty())
                .collect();
            values.sort();
            values.dedup();
            paged("AttributeValues", values.into_iter().map(|v| json!({"Value": v})).collect(), &body)
        }
        "GetProducts" => {
            let filters = body["Filters"].as_array().map_or(&[][..], Vec::as_slice);
            let passing = rows.iter().filter(|r| filters.iter().all(|f| r.passes(f)));
            let product = |r: &Row| {
                let list = json!({"product": r.product(), "serviceCode": SERVICE, "version": "20260904000000",
                    "terms": {"OnDemand": r.terms()}, "publicationDate": "2026-09-04T00:00:00Z"});
                json!(list.to_string())
            };
            paged("PriceList", passing.map(product).collect(), &body)
        }
        _ => refusal("UnknownOperationException", "This stand-in does not serve this operation."),
    }
}

fn factor(dearer: bool) -> i128 {
    if dearer { 2 } else { 1 }
}

/// The list as JSON, with twice the prices after a change.
pub fn json(dearer: bool) -> Response {
    let (mut products, mut terms) = (serde_json::Map::new(), serde_json::Map::new());
    for r in rows(factor(dearer)) {
        products.insert(r.sku.clone(), r.product());
        terms.insert(r.sku.clone(), r.terms());
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
        // Tasks of hybrid jobs name their device in a column that is spelled otherwise.
        let (spaced, plain) = if r.job { (r.device.as_str(), "") } else { ("", r.device.as_str()) };
        out.push_str(&format!(
            "\"{}\",\"{}\",\"{}\",\"USD\",\"{}\",\"{}\",\"{spaced}\",\"{plain}\",\"{}\",\"{}\"\n",
            r.sku,
            r.unit,
            r.price,
            r.family,
            r.region,
            r.version,
            r.operation()
        ));
    }
    out
}
