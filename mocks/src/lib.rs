//! A stand-in for Amazon Braket, S3, STS and the price list that unmodified AWS clients can use.
//!
//! [`World`] is pure: a request and a time in, a response out, no I/O. [`serve`] puts it behind a
//! loopback listener. It shares the simulator with the product, but has its own wire shapes and
//! its own meter, so that a misunderstanding cannot hide on both sides.

mod access;
mod braket;
mod client;
pub mod door;
pub mod faults;
mod http;
mod logs;
mod meter;
mod neighbours;
mod offers;
mod page;
mod policy;
mod rates;
mod route;
mod run;
mod s3;
mod signature;
mod sts;
mod time;
mod world;

pub use client::state_of;
pub use door::{Listen, Recording, Server, serve, serve_with};
pub use http::{Delivery, Request, Response};
pub use meter::Meter;
pub use offers::csv_text as offers_csv;
pub use policy::Policy;
pub use shotbook_sim::target::DeviceState;
pub use time::{Now, http_date};
pub use world::{Advance, Config, World};

use std::net::SocketAddr;

/// The region of clients that name none. In us-east-1 a bucket must not name its own region, which
/// the test suites of several clients do.
const REGION: &str = "us-west-2";
const ACCESS_KEY: &str = "AKIASHOTBOOKSTANDIN0";

/// The text of an AWS configuration file, and of a credentials file, for clients that want a profile.
pub fn profile() -> String {
    profile_of(REGION, ACCESS_KEY)
}

fn profile_of(region: &str, key: &str) -> String {
    format!(
        "[default]\nregion = {region}\naws_access_key_id = {key}\naws_secret_access_key = {}\n",
        access::SECRET
    )
}

/// Variables that point AWS clients at a stand-in.
pub fn environment(address: SocketAddr) -> Vec<(String, String)> {
    let url = format!("http://{address}");
    let mut out: Vec<(String, String)> = Vec::new();
    for name in ["BRAKET", "S3", "STS", "PRICING", "IAM", "ECR", "CLOUDWATCH_LOGS"] {
        out.push((format!("AWS_ENDPOINT_URL_{name}"), url.clone()));
    }
    out.push(("BRAKET_ENDPOINT".into(), url.clone()));
    out.push(("BRAKET_PRICE_OFFERS_URL".into(), format!("{url}{}", offers::PATH)));
    for (name, value) in [
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
        ("AWS_SECRET_ACCESS_KEY", access::SECRET),
        ("AWS_REGION", REGION),
        ("AWS_DEFAULT_REGION", REGION),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("NO_PROXY", "127.0.0.1,localhost"),
    ] {
        out.push((name.into(), value.into()));
    }
    out
}
