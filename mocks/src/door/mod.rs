//! Doors to a world: a loopback listener, and wiremock for tests in process.

mod http;
#[cfg(feature = "wiremock")]
pub mod wiremock;

pub use http::{Server, serve};
