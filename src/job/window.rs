//! When a device works, by the execution windows of the catalogue.

use std::time::Duration;

use shotbook_sim::target::Device;

use crate::time::Timestamp;

const DAY_S: i64 = 86_400;
/// 1970-01-01 was a Thursday; 0 is Monday.
const EPOCH_WEEKDAY: i64 = 3;

/// When a window of the device opens: `at` itself inside one; `None` when it publishes none.
pub fn opens_at(device: &Device, at: Timestamp) -> Option<Timestamp> {
    let (day, second) = (at.seconds().div_euclid(DAY_S), at.seconds().rem_euclid(DAY_S));
    let weekday = u8::try_from((day + EPOCH_WEEKDAY).rem_euclid(7)).ok()?;
    match device.opens_in_s(weekday, u32::try_from(second).ok()?)? {
        0 => Some(at),
        ahead => Some(at.whole_second().after(Duration::from_secs(u64::from(ahead)))),
    }
}

#[cfg(test)]
mod tests {
    use shotbook_sim::target::Catalogue;

    use super::*;

    #[test]
    fn windows_follow_the_days_of_the_calendar() {
        let garnet = Catalogue::embedded().find("garnet").unwrap();
        let opens = |text: &str| opens_at(garnet, text.parse().unwrap()).unwrap().to_string();
        // 2026-11-23 is a Monday.
        assert_eq!(opens("2026-11-23T00:10:00.5Z"), "2026-11-23T00:10:00.500Z", "it is open");
        assert_eq!(opens("2026-11-23T01:30:00.5Z"), "2026-11-23T03:15:00.000Z");
        assert_eq!(opens("2026-11-28T12:00:00Z"), "2026-11-30T00:00:00.000Z", "closed on Saturdays");
        let sv1 = Catalogue::embedded().find("sv1").unwrap();
        assert_eq!(opens_at(sv1, Timestamp::default()), None);
    }
}
