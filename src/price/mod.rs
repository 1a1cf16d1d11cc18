//! What a device charges, before and after.

mod tariff;

pub use tariff::{Metering, Tariff};
