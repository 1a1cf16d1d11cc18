//! A job's life: what was promised, where it stands, what is owed next.
//!
//! [`life`] is pure: [`duty`] says what to do, [`apply`] what an event makes of a job. `stage` and
//! `event` are the shapes it works on, `terms` what was fixed at acceptance, `state` the word that
//! a user sees.

mod cause;
mod causes;
mod event;
#[cfg(test)]
mod explore;
mod fire;
pub mod life;
mod news;
mod stage;
mod state;
mod terms;
mod window;

pub use cause::is_retryable;
pub use causes::causes;
pub use event::{Event, StatusReport};
pub use fire::{Availability, DeviceSight};
pub use life::{Cause, Duty, Illegal, Sight, apply, due_at, duty, spacing};
pub use news::News;
pub use stage::{Job, Lane, Outcome, Output, PastAttempt, Refusal, Sealed, Stage, TaskStatus};
pub use state::State;
pub use terms::{Fire, HoldKind, Place, RetryPolicy, Terms};
pub use window::opens_at;
