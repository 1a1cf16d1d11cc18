//! The stand-in from outside: pure worlds, and one behind its listener.

#![allow(clippy::unwrap_used)]

mod access;
mod devices;
mod jobs;
mod keep;
mod limits;
mod server;
mod sets;
mod tasks;
mod world;
