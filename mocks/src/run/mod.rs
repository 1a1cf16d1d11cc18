//! Reads, runs and reports what a task carries.

mod action;
mod compile;
#[cfg(test)]
mod compile_tests;
mod include;
mod jaqcd;
mod noise;
mod program;
mod render;
mod worker;

pub(crate) use action::{ANALOG, Action, JAQCD, Outcome, PROGRAM, Refusal, SET, read};
pub(crate) use noise::fidelities;
pub(crate) use render::{Facts, is_mitigated, part, parts};
pub(crate) use worker::{Done, Work, Worker};
