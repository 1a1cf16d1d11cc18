//! Price lists that were read from offer files, one a day, kept so that an old quote can be explained.

use std::path::{Path, PathBuf};

use crate::price::offer_file::{self, OfferError};
use crate::price::{OwnPrices, OwnPricesError, PriceList, PriceListError};

/// Most that is read of a list. Units: bytes.
const LIST_BYTES: u64 = 64 << 20;

/// The folder of kept lists.
#[derive(Clone, Debug)]
pub struct PriceLists {
    folder: PathBuf,
}

/// Why lists cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ListsError {
    /// The disk.
    #[error("{path} cannot be read or written: {cause}")]
    Io {
        /// Which file.
        path: String,
        /// Why.
        cause: std::io::Error,
    },
    /// A kept list was changed by hand.
    #[error("{path}: {cause}")]
    Kept {
        /// Which file.
        path: String,
        /// Why.
        cause: PriceListError,
    },
    /// The user's own table.
    #[error("{path}: {cause}")]
    Own {
        /// Which file.
        path: String,
        /// Why.
        cause: OwnPricesError,
    },
    /// What was offered is refused whole.
    #[error(transparent)]
    Offer(#[from] OfferError),
}

impl PriceLists {
    /// The lists below a data directory.
    pub fn below(home: &Path) -> Self {
        Self { folder: home.join("prices") }
    }

    /// Where the user's own table of unpublished prices is looked for.
    pub fn own_path(&self) -> PathBuf {
        self.folder.with_file_name("prices.toml")
    }

    /// The user's own table; empty when there is none.
    pub fn own(&self) -> Result<OwnPrices, ListsError> {
        let path = self.own_path();
        if !path.exists() {
            return Ok(OwnPrices::default());
        }
        let shown = path.display().to_string();
        let text = read_bounded(&path).map_err(|cause| ListsError::Io { path: shown.clone(), cause })?;
        OwnPrices::from_toml(&text).map_err(|cause| ListsError::Own { path: shown, cause })
    }

    /// Dates of all lists, the oldest first, the embedded one among them.
    pub fn dates(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut dates: Vec<String> = entries
            .filter_map(|e| e.file_name().to_str()?.strip_suffix(".json").map(str::to_owned))
            .filter(|date| date.parse::<jiff::civil::Date>().is_ok())
            .collect();
        dates.push(PriceList::embedded().date.clone());
        dates.sort();
        dates.dedup();
        dates
    }

    /// The newest list, or the newest that was valid on a date.
    pub fn at(&self, date: Option<&str>) -> Result<Option<PriceList>, ListsError> {
        let dates = self.dates();
        let Some(found) = dates.iter().rev().find(|d| date.is_none_or(|at| d.as_str() <= at)) else {
            return Ok(None);
        };
        let path = self.folder.join(format!("{found}.json"));
        if !path.exists() {
            return Ok(Some(PriceList::embedded().clone()));
        }
        let shown = path.display().to_string();
        let text = read_bounded(&path).map_err(|cause| ListsError::Io { path: shown.clone(), cause })?;
        PriceList::from_json(&text).map(Some).map_err(|cause| ListsError::Kept { path: shown, cause })
    }

    /// Reads an offer file and keeps its list whole, under its date; nothing is kept of a refused one.
    pub fn refresh(&self, from: &Path) -> Result<PriceList, ListsError> {
        let path = from.display().to_string();
        self.take(&read_bounded(from).map_err(|cause| ListsError::Io { path, cause })?)
    }

    /// The same for the text of an offer file.
    pub fn take(&self, text: &str) -> Result<PriceList, ListsError> {
        let io = |path: &Path| {
            let path = path.display().to_string();
            move |cause| ListsError::Io { path, cause }
        };
        let (list, kept) = offer_file::read(text)?;
        let path = self.folder.join(format!("{}.json", list.date));
        std::fs::create_dir_all(&self.folder).map_err(io(&self.folder))?;
        let part = path.with_extension("part");
        std::fs::write(&part, kept).and_then(|()| std::fs::rename(&part, &path)).map_err(io(&path))?;
        Ok(list)
    }
}

fn read_bounded(path: &Path) -> std::io::Result<String> {
    use std::io::Read;
    let mut text = String::new();
    std::fs::File::open(path)?.take(LIST_BYTES).read_to_string(&mut text)?;
    Ok(text)
}
