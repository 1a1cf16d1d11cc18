//! Tests of the simulator package as a whole, one binary.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its file has failed")]

mod corpus;
mod hostile;
mod language;
mod meaning;
mod random;
mod refusals;
