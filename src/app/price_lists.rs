//! Price lists that were read from offer files, kept so that an old quote can be explained: under their
//! dates, and a second list of a date under the date with a number (`2026-11-20.2`).

use std::path::{Path, PathBuf};

use crate::money::Money;
use crate::price::offer_file::{self, OfferError};
use crate::price::{OwnPrices, OwnPricesError, PriceList, PriceListError, Rate};

/// Most that is read of a list. Units: bytes.
const LIST_BYTES: u64 = 64 << 20;

/// A rate that changes by more than this is taken only from somebody who says so.
const JUMP: u64 = 4;

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
    /// It is of a day that is yet to come.
    #[error("the list is of {date}, and today is {today}")]
    Future {
        /// Its date.
        date: String,
        /// Today.
        today: String,
    },
    /// A rate is so far from the one in use that a mistake is likelier than a new price.
    #[error("{device}: {old} in use, {new} in the list: more than {JUMP} times as much or as little")]
    Jump {
        /// Which device.
        device: String,
        /// The rate of the list in use.
        old: String,
        /// The rate that was offered.
        new: String,
    },
    /// No such list was kept.
    #[error("no list of {0} was kept")]
    Unknown(String),
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

    /// Names of all lists, the oldest first, the embedded one among them: dates, those of a date that has
    /// several with a number behind.
    pub fn dates(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut dates: Vec<String> = entries
            .filter_map(|e| e.file_name().to_str()?.strip_suffix(".json").map(str::to_owned))
            .filter(|name| place(name).is_some())
            .collect();
        dates.push(PriceList::embedded().date.clone());
        dates.sort_by_key(|name| place(name));
        dates.dedup();
        dates
    }

    /// The newest list, or the newest that was valid on a date; a name with a number means that very list.
    pub fn at(&self, date: Option<&str>) -> Result<Option<PriceList>, ListsError> {
        let dates = self.dates();
        // A bare date means the last list of that day.
        let is_due = |name: &&String| match date {
            Some(at) if at.contains('.') => name.as_str() == at.strip_suffix(".1").unwrap_or(at),
            Some(at) => name.get(..10).is_some_and(|day| day <= at),
            None => true,
        };
        match dates.iter().rev().find(is_due) {
            Some(name) => self.list(name).map(Some),
            None => Ok(None),
        }
    }

    /// The very list of a name.
    ///
    /// # Errors
    /// The disk's, or a list that was changed by hand.
    pub fn list(&self, found: &str) -> Result<PriceList, ListsError> {
        let path = self.folder.join(format!("{found}.json"));
        if !path.exists() {
            return Ok(PriceList::embedded().clone());
        }
        let shown = path.display().to_string();
        let text = read_bounded(&path).map_err(|cause| ListsError::Io { path: shown.clone(), cause })?;
        PriceList::from_json(&text).map_err(|cause| ListsError::Kept { path: shown, cause })
    }

    /// Reads an offer file and keeps its list whole, under its date; nothing is kept of a refused one.
    pub fn refresh(&self, from: &Path, trusts: bool) -> Result<PriceList, ListsError> {
        let path = from.display().to_string();
        self.take(&read_bounded(from).map_err(|cause| ListsError::Io { path, cause })?, trusts)
    }

    /// The same for the text of an offer file. Rates that jump are taken from those who trust them.
    pub fn take(&self, text: &str, trusts: bool) -> Result<PriceList, ListsError> {
        let io = |path: &Path| {
            let path = path.display().to_string();
            move |cause| ListsError::Io { path, cause }
        };
        let (list, kept) = offer_file::read(text)?;
        let today = crate::time::now().after(std::time::Duration::from_secs(86_400)).to_string();
        if list.date.as_str() > &today[..10] {
            let (date, today) = (list.date, crate::time::now().to_string()[..10].to_owned());
            return Err(ListsError::Future { date, today });
        }
        let used = self.at(None)?.unwrap_or_else(|| PriceList::embedded().clone());
        if let (false, Some((device, old, new))) = (trusts, jump(&used, &list)) {
            return Err(ListsError::Jump { device, old: old.to_string(), new: new.to_string() });
        }
        // What was kept stays as it is: another list of the same date gets the next number.
        let mut number = 1;
        let path = loop {
            let name = if number == 1 { list.date.clone() } else { format!("{}.{number}", list.date) };
            let path = self.folder.join(format!("{name}.json"));
            let is_taken_back = self.folder.join(format!("{name}.{BACK}")).exists();
            match read_bounded(&path) {
                Ok(same) if same == kept => return Ok(list),
                Err(e) if e.kind() == std::io::ErrorKind::NotFound && !is_taken_back => break path,
                _ => number += 1,
            }
        };
        std::fs::create_dir_all(&self.folder).map_err(io(&self.folder))?;
        let part = path.with_extension("part");
        std::fs::write(&part, kept).and_then(|()| std::fs::rename(&part, &path)).map_err(io(&path))?;
        Ok(list)
    }

    /// Takes a kept list out of use; its file stays beside the others under another name.
    ///
    /// # Errors
    /// The disk's, or no such list.
    pub fn take_back(&self, name: &str) -> Result<(), ListsError> {
        let path = self.folder.join(format!("{name}.json"));
        if place(name).is_none() || !path.exists() {
            return Err(ListsError::Unknown(name.to_owned()));
        }
        let back = self.folder.join(format!("{name}.{BACK}"));
        std::fs::rename(&path, back)
            .map_err(|cause| ListsError::Io { path: path.display().to_string(), cause })
    }
}

/// How files of lists end that were taken back.
const BACK: &str = "withdrawn";

/// Date and number of a list by its name.
fn place(name: &str) -> Option<(jiff::civil::Date, u32)> {
    let (day, number) = name.split_once('.').unwrap_or((name, "1"));
    Some((day.parse().ok()?, number.parse().ok()?))
}

/// The first device whose rate is far from what it was.
fn jump(old: &PriceList, new: &PriceList) -> Option<(String, Money, Money)> {
    let far = |a: Money, b: Money| {
        let (a, b) = (i128::from(a.nanos()), i128::from(b.nanos()));
        a.max(b) > a.min(b) * i128::from(JUMP)
    };
    new.rows.iter().find_map(|row| {
        let pairs = match (old.rate(&row.device)?, row.rate) {
            (Rate::PerShot { task_fee: a, shot_fee: c }, Rate::PerShot { task_fee: b, shot_fee: d }) => {
                vec![(a, b), (c, d)]
            }
            (Rate::PerMinute { minute: a, .. }, Rate::PerMinute { minute: b, .. }) => vec![(a, b)],
            _ => Vec::new(),
        };
        let found = pairs.into_iter().find(|(a, b)| far(*a, *b))?;
        Some((row.device.clone(), found.0, found.1))
    })
}

fn read_bounded(path: &Path) -> std::io::Result<String> {
    use std::io::Read;
    let mut text = String::new();
    std::fs::File::open(path)?.take(LIST_BYTES).read_to_string(&mut text)?;
    Ok(text)
}
