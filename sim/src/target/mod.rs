//! What accepts circuits: device facts without prices, and whether a circuit fits a device.

mod catalogue;
mod check;
mod device;
mod judge;
mod profile;
mod profile_walk;
mod rows;
mod rules;
mod subject;
mod submission;
#[cfg(test)]
mod tests;

pub use catalogue::{BadCatalogue, Catalogue, FindError, Retired};
pub use check::{Refusal, check, published, refusals};
pub use device::{
    Connectivity, Date, DebiasMinimum, Device, DeviceKind, DeviceState, Pragma, ProgramSetLimits, ResultKind,
    ResultSupport, Status, Window,
};
pub use profile::{Profile, Setting};
pub use rules::{READING, RULES, Rule};
pub use submission::{Submission, submission};
