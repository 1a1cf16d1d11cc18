//! One file a verb: arguments, deed, view.

pub mod budget;
pub mod cancel;
pub mod check;
pub mod completions;
pub mod cost;
pub mod devices;
pub mod doctor;
pub mod draw;
pub mod help;
pub mod jobs;
pub mod man;
#[cfg(feature = "mock")]
pub mod mock;
pub mod prices;
pub mod quote;
pub mod resolve;
pub mod result;
pub mod resume;
pub mod run;
pub mod show;
pub mod store;
pub mod submit;
pub mod translate;
pub mod wait;
pub mod why;
pub mod worker;
