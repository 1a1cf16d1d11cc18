//! Keeps the books on quantum shots.
//!
//! Modules in reading order: nouns ([`money`], [`time`], [`ids`]), decisions ([`price`],
//! [`budget`], [`job`]), driving ([`store`], [`backend`]). `docs/ARCHITECTURE.md` is the map.

pub mod backend;
pub mod budget;
pub mod failpoint;
pub mod ids;
pub mod job;
pub mod money;
pub mod price;
pub mod store;
#[cfg(test)]
mod testing;
pub mod time;
