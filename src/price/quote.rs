//! What a circuit costs on each device, before a cent is spent: offline and exact.

use sha2::{Digest, Sha256};
use shotbook_sim::circuit::{Circuit, Op};
use shotbook_sim::target::{self, Device, DeviceKind, DeviceState};

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

fn device_quote(subject: &Subject<'_>, list: &PriceList, device: &Device) -> DeviceQuote {
    let refusals = target::check(subject.circuit, device, Some(subject.shots));
    let mut notes: Vec<String> = Vec::new();
    for refusal in &refusals {
        if !notes.contains(&refusal.message) {
            notes.push(refusal.message.clone());
        }
    }
    let mut fits = refusals.is_empty();
    let price = match price(subject, list, device) {
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
    if fits && device.status.state == DeviceState::Offline {
        notes.push(format!("offline when last seen, {}", device.status.observed));
    }
    if fits && let Some(Rate::PerMinute { minimum_ms, .. }) = list.rate(&device.name) {
        notes.push(format!("billed by time, at least {} s", minimum_ms / 1000));
    }
    let (device, arn) = (device.name.clone(), device.arn.clone());
    DeviceQuote { device, arn, fits, price: price.filter(|_| fits), notes }
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
