//! Doors to a world: a loopback listener, and wiremock for tests in process.

mod body;
mod clock;
mod control;
mod folder;
mod guard;
mod http;
mod keep;
mod record;
mod replay;
mod scripts;
#[cfg(feature = "wiremock")]
pub mod wiremock;

pub use http::{Listen, Server, serve, serve_with};
pub use replay::Recording;
