//! What a device charges, before and after.

pub mod offer_file;
mod own;
mod price_list;
pub mod quote;
mod tariff;

pub use own::{OwnPrices, OwnPricesError};
pub use price_list::{PriceList, PriceListError, PriceRow, Rate};
pub use quote::{DeviceQuote, Price, Quote};
pub use tariff::{Metering, Tariff};
