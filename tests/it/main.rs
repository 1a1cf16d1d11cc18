//! Tests of the product as a whole, one binary.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its file has failed")]

mod adaptive;
mod batch;
mod cli;
mod firing;
mod limits;
mod metrics;
mod mirror;
mod money;
mod noise;
mod notices;
mod old_stores;
mod prices;
mod recovery;
mod secrets;
mod sweep;
mod tag;
mod tidy;
mod train;
mod waiting;
mod watch;
mod world;
