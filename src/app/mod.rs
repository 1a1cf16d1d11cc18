//! Deeds that more than one door needs: submit a circuit, carry on what is owed, read a result.

mod compute;
pub mod joules;
mod notify;
mod price_lists;
mod session;
pub mod speeds;
mod submit;
mod sweep;
pub mod training;

pub use compute::Simulator;
pub use notify::deliver;
pub use price_lists::{ListsError, PriceLists};
pub use session::{Here, SystemClock, runtime};
pub use submit::{
    Entry, Lot, Plan, Refused, Request, Submitted, accept, accept_all, check_tags, failed, inputs_from_json,
    inputs_json, next_key, options, plan, room,
};
pub use sweep::{Part, contents, mixed_plan, set_plan};
