//! Keeps the books on quantum shots.
//!
//! Modules in reading order: nouns ([`money`], [`time`], [`ids`]), decisions ([`price`],
//! [`budget`], [`job`], [`pack`], [`advice`], [`train`], [`energy`], [`report`]), driving ([`store`], [`backend`], [`runner`]), and the edge ([`outcome`],
//! [`app`], [`cli`]). `docs/ARCHITECTURE.md` is the map.

pub mod advice;
pub mod app;
pub mod backend;
pub mod budget;
pub mod cli;
pub mod config;
pub mod energy;
pub mod errors;
pub mod failpoint;
pub mod ids;
pub mod job;
pub mod money;
pub mod outcome;
pub mod pack;
pub mod price;
pub mod report;
pub mod runner;
pub mod store;
#[cfg(test)]
mod testing;
pub mod time;
pub mod train;
