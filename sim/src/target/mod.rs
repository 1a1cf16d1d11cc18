//! What accepts circuits: device facts without prices, and whether a circuit fits a device.

mod catalogue;
mod device;
mod rows;
#[cfg(test)]
mod tests;

pub use catalogue::{BadCatalogue, Catalogue, FindError, Retired};
pub use device::{
    Connectivity, Date, DebiasMinimum, Device, DeviceKind, DeviceState, Pragma, ProgramSetLimits, ResultKind,
    ResultSupport, Status, Window,
};
