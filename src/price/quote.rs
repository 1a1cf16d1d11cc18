//! What a circuit costs on each device, before a cent is spent: offline and exact.

use sha2::{Digest, Sha256};
use shotbook_sim::circuit::{Circuit, Op};
use shotbook_sim::target::{self, Device, DeviceKind, DeviceState};

use super::own::OwnPrices;
use super::price_list::{PriceList, Rate};
use super::tariff::Tariff;
use crate::ids::hex;
use crate::job::HoldKind;
use crate::money::{Money, OutOfRange};

/// What is to be priced.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The circuit.
    pub circuit: &'a Circuit,
    /// SHA-256 of its text.
    pub sha256: &'a str,
    /// Values of its inputs as canonical JSON text.
    pub inputs: &'a str,
    /// Shots.
    pub shots: u64,
}

/// Prices on several devices, bound to one circuit, shot count and price list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Hash of circuit, inputs, shots and price list; the same wherever it is made.
    pub id: String,
    /// SHA-256 of the circuit's text.
    pub circuit_sha256: String,
    /// Shots.
    pub shots: u64,
    /// Date of the price list.
    pub price_list_date: String,
    /// One row per device asked for.
    pub devices: Vec<DeviceQuote>,
}

/// The price on one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceQuote {
    /// Short name.
    pub device: String,
    /// ARN.
    pub arn: String,
    /// Whether the device takes it.
    pub fits: bool,
    /// What it costs; none when the device does not take it.
    pub price: Option<Price>,
    /// How long a managed simulator may take, the least and the most that is expected. Units: milliseconds.
    pub forecast_ms: Option<(u64, u64)>,
    /// Why it does not fit, and what else to know.
    pub notes: Vec<String>,
}

impl DeviceQuote {
    /// What is expected; none when the device does not take it.
    pub fn total(&self) -> Option<Money> {
        self.price.as_ref().map(|p| p.total)
    }
}

/// An exact price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    /// The rates that made it; they are fixed for the job at acceptance.
    pub tariff: Tariff,
    /// Paid tasks.
    pub tasks: u64,
    /// What is expected.
    pub total: Money,
    /// The most that can be billed.
    pub worst_case: Money,
    /// What is held by default.
    pub hold: Money,
    /// Whether the hold is also the most.
    pub hold_kind: HoldKind,
}

const MINUTE_MS: u64 = 60_000;
/// Longest task of a managed simulator without a published figure. Source: quotas, older page.
const DEFAULT_HOURS: u64 = 11;

impl Quote {
    /// Prices the subject on each device, in the given order.
    pub fn make(subject: &Subject<'_>, list: &PriceList, devices: &[&Device]) -> Self {
        Self {
            id: id(subject, list),
            circuit_sha256: subject.sha256.to_owned(),
            shots: subject.shots,
            price_list_date: list.date.clone(),
            devices: devices.iter().map(|d| device_quote(subject, list, d)).collect(),
        }
    }

    /// The row of a device.
    pub fn on(&self, device: &str) -> Option<&DeviceQuote> {
        self.devices.iter().find(|d| d.device == device)
    }
}

/// The hash that a quote is named by.
pub fn id(subject: &Subject<'_>, list: &PriceList) -> String {
    let mut hash = Sha256::new();
    for part in [subject.sha256, subject.inputs, &subject.shots.to_string(), list.digest()] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    format!("q_{}", &hex(&hash.finalize())[..12])
}

/// Most tasks that a quote splits its shots into; more is a mistake.
const MOST_TASKS: u64 = 1000;

/// The fewest tasks that shots take on a device, and the most shots of one of them. What no splitting
/// makes legal is one task, which the device refuses.
pub fn split(shots: u64, device: &Device) -> (u64, u64) {
    let most = device.shots.map_or(u64::MAX, |(_, most)| most.max(1));
    let tasks = shots.div_ceil(most).max(1);
    if tasks > MOST_TASKS { (1, shots) } else { (tasks, shots.div_ceil(tasks)) }
}

fn device_quote(subject: &Subject<'_>, list: &PriceList, device: &Device) -> DeviceQuote {
    let (tasks, each) = split(subject.shots, device);
    let refusals = target::check(subject.circuit, device, Some(each));
    let mut notes: Vec<String> = Vec::new();
    for refusal in &refusals {
        if !notes.contains(&refusal.message) {
            notes.push(refusal.message.clone());
        }
    }
    let mut fits = refusals.is_empty();
    let price = match price(subject, list, device).and_then(|p| p.map(|p| times(p, tasks)).transpose()) {
        Ok(Some(price)) => Some(price),
        Ok(None) => {
            fits = false;
            notes.push("no price is known; see `shotbook prices show`".to_owned());
            None
        }
        Err(out_of_range) => {
            fits = false;
            notes.push(out_of_range.to_string());
            None
        }
    };
    if fits && tasks > 1 {
        notes.push(format!("{tasks} tasks of at most {each} shots"));
    }
    if fits && device.status.state == DeviceState::Offline {
        notes.push(format!("offline when last seen, {}", device.status.observed));
    }
    let mut forecast = None;
    if fits && let Some(Rate::PerMinute { minimum_ms, .. }) = list.rate(&device.name) {
        forecast = Some(forecast_range_ms(subject.circuit));
        notes.push(format!("billed by time, at least {} s a task", minimum_ms / 1000));
        notes.extend(price.as_ref().map(|p| format!("at most {:#}, unless --max-duration", p.worst_case)));
    }
    let (device, arn) = (device.name.clone(), device.arn.clone());
    DeviceQuote { device, arn, fits, price: price.filter(|_| fits), forecast_ms: forecast, notes }
}

/// The price of so many tasks in place of one: shots are counted once, all else for each task.
fn times(one: Price, tasks: u64) -> Result<Price, OutOfRange> {
    if tasks == 1 || one.tariff == Tariff::Free {
        return Ok(one);
    }
    let extra = match &one.tariff {
        Tariff::PerShot { task_fee, .. } => {
            let extra = task_fee.times(tasks - 1)?;
            [extra, extra, extra]
        }
        _ => [one.total.times(tasks - 1)?, one.worst_case.times(tasks - 1)?, one.hold.times(tasks - 1)?],
    };
    Ok(Price {
        tasks,
        total: one.total.plus(extra[0])?,
        worst_case: one.worst_case.plus(extra[1])?,
        hold: one.hold.plus(extra[2])?,
        ..one
    })
}

/// The id of a quote whose tasks run in a reservation.
pub fn reserved_id(id: &str, reservation: &str) -> String {
    let hash = Sha256::digest(format!("{id}|{reservation}").as_bytes());
    format!("q_{}", &hex(&hash)[..12])
}

impl Quote {
    /// The same where tasks run in a reservation: they add nothing to its hourly price.
    #[must_use]
    pub fn in_reservation(mut self, reservation: &str, own: &OwnPrices) -> Self {
        self.id = reserved_id(&self.id, reservation);
        for row in &mut self.devices {
            let Some(price) = row.price.take() else { continue };
            row.price = Some(price.reserved());
            row.notes.push(match own.reservation(&row.device) {
                Some(hourly) => format!("the reservation is {hourly:#} an hour by your table"),
                None => "the reservation's hours are billed apart; no price of them is published".to_owned(),
            });
        }
        self
    }
}

impl Price {
    /// The price of the same tasks in a reservation.
    #[must_use]
    pub fn reserved(self) -> Self {
        let zero = Money::ZERO;
        Self {
            tariff: Tariff::Free,
            total: zero,
            worst_case: zero,
            hold: zero,
            hold_kind: HoldKind::Hard,
            ..self
        }
    }
}

/// The least and the most that a managed simulator is expected to take. Units: milliseconds.
///
/// The forecast is one constant for all circuits, so the range is wide: a tenth to ten times.
fn forecast_range_ms(circuit: &Circuit) -> (u64, u64) {
    let middle = forecast_ms(circuit);
    (middle / 10, middle.saturating_mul(10))
}

/// What one task of the subject costs on a device; `None` when the list has no rate.
pub fn price(subject: &Subject<'_>, list: &PriceList, device: &Device) -> Result<Option<Price>, OutOfRange> {
    if device.is_local() {
        return Ok(Some(Price {
            tariff: Tariff::Free,
            tasks: 0,
            total: Money::ZERO,
            worst_case: Money::ZERO,
            hold: Money::ZERO,
            hold_kind: HoldKind::Hard,
        }));
    }
    let Some(rate) = list.rate(&device.name) else { return Ok(None) };
    Ok(Some(match rate {
        Rate::PerShot { task_fee, shot_fee } => {
            let tariff = Tariff::PerShot { task_fee, shot_fee };
            let total = tariff.worst_case(subject.shots)?;
            Price { tariff, tasks: 1, total, worst_case: total, hold: total, hold_kind: HoldKind::Hard }
        }
        Rate::PerMinute { minute, minimum_ms } => {
            debug_assert_eq!(device.kind, DeviceKind::Simulator);
            let hours = device.max_hours_for(subject.circuit.n_qubits).map_or(DEFAULT_HOURS, u64::from);
            let maximum_ms = hours * 60 * MINUTE_MS;
            let tariff = Tariff::PerMinute { rate: minute, minimum_ms, maximum_ms };
            let forecast = forecast_ms(subject.circuit);
            let total = tariff.for_duration(forecast)?;
            let worst_case = tariff.worst_case(subject.shots)?;
            let hold = tariff.for_duration(forecast.saturating_mul(10).max(MINUTE_MS))?.min(worst_case);
            let hold_kind = if hold < worst_case { HoldKind::Soft } else { HoldKind::Hard };
            Price { tariff, tasks: 1, total, worst_case, hold, hold_kind }
        }
    }))
}

/// How long a managed simulator is expected to take. Units: milliseconds.
///
/// One pass over the amplitudes for each gate at 2 ns an amplitude, and 10 ms around it: on the
/// slow side of what an example notebook reports for SV1 (2026-06). The hold takes ten times that.
fn forecast_ms(circuit: &Circuit) -> u64 {
    let mut gates = 0u64;
    circuit.walk(&mut |op, _| gates += u64::from(matches!(op, Op::Gate(_) | Op::Unitary { .. })));
    let amplitudes = 1u64.checked_shl(circuit.n_qubits).unwrap_or(u64::MAX);
    10u64.saturating_add(gates.saturating_mul(amplitudes).saturating_mul(2) / 1_000_000)
}

#[cfg(test)]
mod tests;
