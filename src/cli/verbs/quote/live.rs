//! What devices say of themselves now: state, queue, window, and the shot price as a cross-check.

use serde_json::{Value, json};
use shotbook_sim::target::{Device, Window};

use crate::backend::{Braket, DeviceReport};
use crate::cli::{Context, Failure};
use crate::ids::DeviceArn;
use crate::price::quote::{DeviceQuote, Quote};
use crate::price::{PriceList, Rate};
use crate::time::{self, Timestamp};

/// What one device said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Live {
    /// ONLINE, OFFLINE or RETIRED; none when it could not be asked.
    pub status: Option<String>,
    /// Tasks before a new one, as AWS words it.
    pub queue: Option<String>,
    /// Seconds until its window opens; 0 inside one, none where it has none.
    pub opens_in_s: Option<u32>,
}

/// Asks each device once. A device that does not answer keeps its price and says so; one that takes no
/// tasks does not fit.
pub fn ask(
    context: &Context,
    quotes: &mut [Quote],
    devices: &[&Device],
    list: &PriceList,
) -> Result<Vec<(String, Live)>, Failure> {
    let (braket, mut out) = (context.braket(), Vec::new());
    for device in devices.iter().filter(|d| !d.is_local()) {
        let (region, arn) = (device.region().unwrap_or_default(), DeviceArn::new(&device.arn));
        let asked = context.block_on(async { braket.device(region, &arn).await })?;
        let Some(answer) = asked else { return Err(Failure::new("SB8001", "interrupted; nothing was sent")) };
        let rows = quotes.iter_mut().flat_map(|q| q.devices.iter_mut());
        let rows = rows.filter(|row| row.device == device.name);
        let live = match answer {
            Ok(report) => {
                let live = understood(&report, device, time::now());
                rows.for_each(|row| judge(row, &live, &report, list));
                live
            }
            Err(error) => {
                rows.for_each(|row| row.notes.push(format!("could not be asked: {error}")));
                Live { status: None, queue: None, opens_in_s: None }
            }
        };
        out.push((device.name.clone(), live));
    }
    Ok(out)
}

fn understood(report: &DeviceReport, device: &Device, now: Timestamp) -> Live {
    let capabilities: Value = serde_json::from_str(&report.capabilities).unwrap_or_default();
    let windows: Vec<Window> = capabilities["service"]["executionWindows"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(window)
        .collect();
    let mut device = device.clone();
    if !windows.is_empty() {
        device.windows = windows;
    }
    let day = now.seconds().div_euclid(86_400);
    // 1 January 1970 was a Thursday.
    let weekday = u8::try_from((day + 3).rem_euclid(7)).unwrap_or(0);
    let second = u32::try_from(now.seconds().rem_euclid(86_400)).unwrap_or(0);
    Live {
        status: Some(report.status.clone()),
        queue: report.queue.clone(),
        opens_in_s: device.opens_in_s(weekday, second),
    }
}

/// A window as capabilities write it: `{"executionDay": "Weekdays", "windowStartHour": "08:00:00", …}`.
fn window(row: &Value) -> Option<Window> {
    let days = match row["executionDay"].as_str()?.to_lowercase().as_str() {
        "everyday" => 0b111_1111,
        "weekdays" => 0b001_1111,
        "weekend" => 0b110_0000,
        "monday" => 1,
        "tuesday" => 1 << 1,
        "wednesday" => 1 << 2,
        "thursday" => 1 << 3,
        "friday" => 1 << 4,
        "saturday" => 1 << 5,
        "sunday" => 1 << 6,
        _ => return None,
    };
    let seconds = |name: &str| {
        let mut parts = row[name].as_str()?.split(':').map(|p| p.parse::<f64>().ok());
        let (hours, minutes) = (parts.next()??, parts.next()??);
        let whole = hours * 3600.0 + minutes * 60.0 + parts.next().flatten().unwrap_or(0.0);
        (0.0..=86_400.0).contains(&whole).then_some(whole as u32)
    };
    Some(Window { days, start_s: seconds("windowStartHour")?, end_s: seconds("windowEndHour")? })
}

fn judge(row: &mut DeviceQuote, live: &Live, report: &DeviceReport, list: &PriceList) {
    row.notes.retain(|note| !note.starts_with("offline when last seen"));
    if let Some(status) = live.status.as_deref().filter(|s| *s != "ONLINE") {
        row.fits = false;
        row.notes.insert(0, format!("{status} now"));
    }
    let capabilities: Value = serde_json::from_str(&report.capabilities).unwrap_or_default();
    let cost = &capabilities["service"]["deviceCost"];
    let Some(Rate::PerShot { shot_fee, .. }) = list.rate(&row.device) else { return };
    // A float's own digits: what JSON wrote, not what it is in binary.
    let told = cost["price"].as_f64().filter(|_| cost["unit"] == "shot").map(|p| p.to_string());
    if let Some(told) = told.filter(|t| t.parse().ok() != Some(shot_fee)) {
        row.notes.push(format!("the device says ${told} a shot, the list {shot_fee:#}; prices refresh"));
    }
}

impl Live {
    /// Tasks before a new one as a number, for sorting; what is unknown comes last.
    pub fn queue_length(&self) -> u64 {
        let digits = |q: &String| q.chars().filter(char::is_ascii_digit).collect::<String>().parse().ok();
        self.queue.as_ref().and_then(digits).unwrap_or(u64::MAX)
    }

    /// The window in words.
    pub fn window(&self) -> String {
        match self.opens_in_s {
            None => "always".to_owned(),
            Some(0) => "open".to_owned(),
            Some(s) if s < 3600 => format!("in {} m", s.div_ceil(60)),
            Some(s) => format!("in {} h {} m", s / 3600, s % 3600 / 60),
        }
    }

    /// For the JSON row of the device.
    pub fn json(&self) -> Value {
        json!({"status": self.status, "queue": self.queue, "window_opens_in_s": self.opens_in_s})
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shotbook_sim::target::Catalogue;

    fn report(capabilities: &str) -> DeviceReport {
        DeviceReport {
            status: "ONLINE".into(),
            queue: Some(">2000".into()),
            capabilities: capabilities.into(),
        }
    }

    #[test]
    fn windows_of_the_device_count_and_not_those_of_the_catalogue() {
        let device = Catalogue::embedded().find("garnet").unwrap();
        let text = r#"{"service":{"executionWindows":[{"executionDay":"Weekdays","windowStartHour":"08:00:00","windowEndHour":"10:00:00"}]}}"#;
        let at = |when: &str| understood(&report(text), device, when.parse().unwrap());
        // A Sunday, an hour before midnight: nine hours to Monday's window.
        assert_eq!(at("2026-11-29T23:00:00Z").opens_in_s, Some(9 * 3600));
        assert_eq!(at("2026-11-30T09:30:00Z").window(), "open");
        assert_eq!(at("2026-11-30T07:40:01Z").window(), "in 20 m");
        assert_eq!(at("2026-11-30T10:30:00Z").window(), "in 21 h 30 m");
        assert_eq!(at("2026-11-30T10:30:00Z").queue_length(), 2000);
    }

    #[test]
    fn another_shot_price_of_the_device_is_told() {
        let list = PriceList::embedded();
        let row = |capabilities: &str| {
            let mut row = DeviceQuote {
                device: "garnet".into(),
                arn: String::new(),
                fits: true,
                price: None,
                forecast_ms: None,
                notes: Vec::new(),
            };
            let live = Live { status: Some("OFFLINE".into()), queue: None, opens_in_s: None };
            judge(&mut row, &live, &report(capabilities), list);
            row
        };
        let same = row(r#"{"service":{"deviceCost":{"price":0.00145,"unit":"shot"}}}"#);
        assert!(!same.fits && same.notes == ["OFFLINE now"], "{same:?}");
        let other = row(r#"{"service":{"deviceCost":{"price":0.0015,"unit":"shot"}}}"#);
        assert!(other.notes[1].contains("$0.0015 a shot, the list $0.00145"), "{other:?}");
    }
}
