//! The devices that can be named, and finding one by its name.

use std::sync::LazyLock;

use super::device::{
    Connectivity, Device, DeviceKind, DeviceState, Pragma, ResultKind, ResultSupport, Status,
};
use super::rows::{File, SCHEMA};
use crate::circuit::gates;
use crate::limits;

/// All devices of one date.
#[derive(Clone, Debug)]
pub struct Catalogue {
    date: String,
    sources: Vec<(String, String)>,
    devices: Vec<Device>,
    retired: Vec<Retired>,
    local: Device,
}

/// A device that takes no tasks any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retired {
    /// Full device ARN.
    pub arn: String,
    /// The provider's spelling.
    pub device_name: String,
    /// Who ran it.
    pub provider: String,
    /// When its withdrawal was seen; `None` for the oldest.
    pub withdrawn: Option<String>,
}

/// Why a name leads to no device.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FindError {
    /// No such device.
    #[error("there is no device {name:?}")]
    Unknown {
        /// As the user gave it.
        name: String,
        /// The nearest short name, if one is near.
        suggestion: Option<String>,
    },
    /// Several devices begin so.
    #[error("{name:?} may be {}", candidates.join(" or "))]
    Ambiguous {
        /// As the user gave it.
        name: String,
        /// The short names it may mean.
        candidates: Vec<String>,
    },
    /// It was there once.
    #[error("{} of {} is retired", device.device_name, device.provider)]
    Retired {
        /// What is still known of it.
        device: Retired,
    },
}

/// Why a catalogue cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BadCatalogue {
    /// Not the written shape.
    #[error("the device catalogue is not readable")]
    Json(#[from] serde_json::Error),
    /// Another version's shape.
    #[error("the device catalogue has the shape {found:?}, this version reads {SCHEMA:?}")]
    Schema {
        /// What it says.
        found: String,
    },
    /// A value that means nothing.
    #[error("device {device}: {what} cannot be {found:?}")]
    Value {
        /// Short name of the row.
        device: String,
        /// The field.
        what: String,
        /// What stands there.
        found: String,
    },
}

static EMBEDDED: LazyLock<Catalogue> = LazyLock::new(|| {
    Catalogue::from_json(include_str!("catalogue.json")).expect("a test reads the embedded catalogue")
});

impl Catalogue {
    /// The catalogue of this version, read on first use.
    pub fn embedded() -> &'static Self {
        &EMBEDDED
    }

    /// A catalogue in the written shape of the embedded one.
    ///
    /// # Errors
    /// When the text is not of that shape or a value means nothing.
    pub fn from_json(text: &str) -> Result<Self, BadCatalogue> {
        let file: File = serde_json::from_str(text)?;
        if file.schema != SCHEMA {
            return Err(BadCatalogue::Schema { found: file.schema });
        }
        Ok(Self {
            local: local(&file.date),
            date: file.date,
            sources: file.sources.into_iter().collect(),
            devices: file.devices.into_iter().map(Device::try_from).collect::<Result<_, _>>()?,
            retired: file.retired.into_iter().map(Retired::from).collect(),
        })
    }

    /// The day its facts were gathered.
    pub fn date(&self) -> &str {
        &self.date
    }

    /// Where facts come from: key and one line each.
    pub fn sources(&self) -> &[(String, String)] {
        &self.sources
    }

    /// The devices that cost money, in the order tables print them.
    pub fn devices(&self) -> &[Device] {
        &self.devices
    }

    /// Devices that are gone.
    pub fn retired(&self) -> &[Retired] {
        &self.retired
    }

    /// The built-in simulator: takes everything, costs nothing, is not among [`Self::devices`].
    pub fn local(&self) -> &Device {
        &self.local
    }

    /// The device of a short name, `provider/name`, the provider's spelling or an ARN, in any case;
    /// `local` gives the built-in simulator.
    ///
    /// # Errors
    /// When nothing, several things or a retired device has that name.
    pub fn find(&self, name_or_arn: &str) -> Result<&Device, FindError> {
        let wanted = plain(name_or_arn);
        if wanted == self.local.name {
            return Ok(&self.local);
        }
        if let Some(device) = self.devices.iter().find(|d| is_named(&wanted, &d.name, &d.arn, &d.device_name))
        {
            return Ok(device);
        }
        if let Some(gone) =
            self.retired.iter().find(|r| is_named(&wanted, &plain(&r.device_name), &r.arn, &r.device_name))
        {
            return Err(FindError::Retired { device: gone.clone() });
        }
        let name = name_or_arn.to_owned();
        let bare = wanted.rsplit('/').next().unwrap_or(&wanted);
        let mut begin: Vec<_> = self.names().filter(|n| !bare.is_empty() && n.starts_with(bare)).collect();
        if begin.len() > 1 {
            return Err(FindError::Ambiguous {
                name,
                candidates: begin.iter().map(|n| (*n).to_owned()).collect(),
            });
        }
        let nearest = || self.names().map(|n| (distance(bare, n), n)).min().filter(|(d, _)| *d <= 2);
        let suggestion = begin.pop().or_else(|| nearest().map(|(_, n)| n)).map(str::to_owned);
        Err(FindError::Unknown { name, suggestion })
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.local.name.as_str()).chain(self.devices.iter().map(|d| d.name.as_str()))
    }
}

/// Lower case, spaces and underscores as hyphens: `Forte 1` and `forte-1` are one name.
fn plain(name: &str) -> String {
    name.trim().to_lowercase().replace([' ', '_'], "-")
}

/// Whether `wanted` (already plain) is one of the names of a row.
fn is_named(wanted: &str, name: &str, arn: &str, device_name: &str) -> bool {
    let arn = plain(arn);
    if wanted.starts_with("arn:") {
        return wanted == arn;
    }
    // provider/name, with the provider as the ARN spells it.
    let provider = arn.rsplit('/').nth(1).unwrap_or("");
    let bare = wanted.strip_prefix(provider).and_then(|rest| rest.strip_prefix('/')).unwrap_or(wanted);
    bare == name || bare == plain(device_name)
}

/// Edits between two short words, a swap of neighbours counted once.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(32).collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let same = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (rows[i - 1][j - 1] + same).min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

/// The row of the built-in simulator; its true limits are the engines' own (memory, not a count).
fn local(date: &str) -> Device {
    let results = ResultKind::ALL.into_iter().map(|kind| {
        let (min_shots, max_shots) = match kind {
            ResultKind::Sample => (1, u64::MAX),
            ResultKind::Expectation | ResultKind::Variance | ResultKind::Probability => (0, u64::MAX),
            _ => (0, 0),
        };
        let observables = match kind {
            ResultKind::Sample
            | ResultKind::Expectation
            | ResultKind::Variance
            | ResultKind::AdjointGradient => {
                ["x", "y", "z", "h", "i", "hermitian"].map(str::to_owned).to_vec()
            }
            _ => Vec::new(),
        };
        ResultSupport { kind, observables, min_shots, max_shots }
    });
    let every_gate: Vec<_> = gates::ROWS.iter().map(|r| r.gate).collect();
    let n_qubits = u32::try_from(limits::QUBITS).unwrap_or(u32::MAX);
    Device {
        name: "local".to_owned(),
        arn: "local".to_owned(),
        device_name: "local".to_owned(),
        provider: "Shotbook".to_owned(),
        kind: DeviceKind::BuiltIn,
        technology: String::new(),
        location: None,
        regions: Vec::new(),
        status: Status {
            state: DeviceState::Online,
            observed: date.to_owned(),
            confidence: "high".to_owned(),
        },
        n_qubits,
        qubit_labels: Vec::new(),
        connectivity: Connectivity::Full,
        native_gates: every_gate.clone(),
        experimental: vec!["cc_prx".to_owned(), "measure_ff".to_owned()],
        operations: gates::ROWS.iter().map(|r| r.name.to_owned()).chain(["barrier".to_owned()]).collect(),
        gates: every_gate,
        pragmas: vec![Pragma::Unitary, Pragma::Noise, Pragma::Verbatim],
        results: results.collect(),
        shots: Some((0, u64::MAX)),
        windows: Vec::new(),
        program_set: None,
        physical_qubits: true,
        partial_verbatim: true,
        unassigned_measurement: true,
        contiguous_qubits: false,
        native_rx_quarter_turns: false,
        analog: false,
        max_gates: None,
        max_hours: Vec::new(),
        concurrent_tasks: Vec::new(),
        debias_min_shots: None,
        poll_ms: None,
        notes: Vec::new(),
        sources: Vec::new(),
    }
}
