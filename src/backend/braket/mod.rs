//! Amazon Braket by AWS's own clients; the only room that knows their types.

mod calls;
mod classify;
mod client;
pub mod hybrid;
#[cfg(test)]
pub(crate) mod in_process;
pub mod offers;
pub mod operations;
pub mod post;
mod set;
mod sign;
pub mod spending;
mod wire;

pub use client::{Options, SdkBraket};

#[cfg(test)]
mod tests;
