//! What is looked up before a job is sent: its device, its window, its price; and what is noted for `why`.

use std::collections::BTreeMap;
use std::time::Duration;

use shotbook_sim::target::{Catalogue, Device};

use super::pace::Operation;
use super::{Clock, RunError, Runner};
use crate::backend::{Braket, DeviceReport};
use crate::job::{Availability, DeviceSight, Job, Place, Sight, Stage, opens_at};
use crate::price::{PriceList, Rate, Tariff};
use crate::store::Note;
use crate::time::Timestamp;

/// How long the word of a device, or its silence, is believed.
const DEVICE_EVERY: Duration = Duration::from_secs(60);
/// How long a price list is believed before it is read again.
const PRICES_EVERY: Duration = Duration::from_secs(10);

/// What was looked up, and when. Units of the times: ticks of the process.
#[derive(Default)]
pub(super) struct Looks {
    devices: BTreeMap<String, (Duration, Option<DeviceSight>)>,
    prices: Option<(Duration, PriceList)>,
    /// Places that have a note of ours; all places that have one once they were read.
    noted: Option<BTreeMap<String, Note>>,
}

/// The device of a job's place.
pub(super) fn device_of(job: &Job) -> Option<&'static Device> {
    let Place::Braket { device, .. } = &job.terms.place else { return None };
    Catalogue::embedded().devices().iter().find(|d| d.arn == device.as_str())
}

/// What a device's own words mean.
pub(super) fn sight_of(report: &DeviceReport, again: Timestamp) -> Option<DeviceSight> {
    let state = match report.status.as_str() {
        "ONLINE" => Availability::Online,
        "OFFLINE" => Availability::Offline,
        "RETIRED" => Availability::Retired,
        _ => return None,
    };
    let queue = report.queue.as_deref().and_then(|text| match text.strip_prefix('>') {
        Some(bound) => bound.trim().parse::<u64>().ok().map(|n| n.saturating_add(1)),
        None => text.split_whitespace().next()?.parse().ok(),
    });
    Some(DeviceSight { state, queue, again })
}

impl<B: Braket, C: Clock> Runner<'_, B, C> {
    /// Adds to the sight of a waiting job what must be true when it is sent.
    pub(super) async fn look_ahead(&self, job: &Job, sight: &mut Sight) -> Result<(), RunError> {
        let Stage::Waiting { not_before } = job.stage else { return Ok(()) };
        let now = self.clock.now();
        if job.terms.fire.window {
            sight.opens_at = device_of(job).and_then(|device| opens_at(device, now));
        }
        let early = not_before.into_iter().chain(sight.opens_at).any(|at| at > now);
        let blocked = sight.paused.is_some() || !sight.frozen.is_empty();
        if early || blocked || sight.throttled_until.is_some_and(|at| at > now) {
            return Ok(());
        }
        sight.device = self.device_now(job).await;
        sight.tariff = self.tariff_now(job);
        Ok(())
    }

    /// The word of a job's device, asked once a minute; silence forbids nothing, the create will tell.
    async fn device_now(&self, job: &Job) -> Option<DeviceSight> {
        let Place::Braket { device, region, .. } = &job.terms.place else { return None };
        let (region, name) = (region.as_deref().unwrap_or_default(), &job.terms.device);
        let known = self.looks.borrow().devices.get(name).cloned();
        if let Some((_, sight)) =
            known.filter(|(at, _)| self.clock.ticks().saturating_sub(*at) < DEVICE_EVERY)
        {
            return sight;
        }
        if self.pace.borrow().left_alone(region, Operation::Get, self.clock.now()).is_some() {
            return None;
        }
        self.paced(region, Operation::Get).await;
        let answer = self.braket.device(region, device).await;
        self.went(region, Operation::Get, answer.as_ref().err());
        let again = self.clock.now().after(DEVICE_EVERY);
        let sight = answer.ok().and_then(|report| sight_of(&report, again));
        let place = format!("device/{name}");
        match &sight {
            Some(DeviceSight { state: Availability::Online, queue, .. })
                if queue.zip(job.terms.fire.max_queue).is_none_or(|(tasks, most)| tasks <= most) =>
            {
                self.clear(&place);
            }
            Some(DeviceSight { state: Availability::Online, queue: Some(tasks), .. }) => {
                self.note(place, format!("QUEUE {tasks}"), Some(again));
            }
            Some(_) => self.note(place, "OFFLINE".to_owned(), Some(again)),
            None => {}
        }
        self.looks.borrow_mut().devices.insert(name.clone(), (self.clock.ticks(), sight.clone()));
        sight
    }

    /// Rates of now for a job that has some, where newer ones can be had.
    fn tariff_now(&self, job: &Job) -> Option<Tariff> {
        let source = self.price_source?;
        let old = self.looks.borrow().prices.as_ref().map(|(at, _)| *at);
        if old.is_none_or(|at| self.clock.ticks().saturating_sub(at) >= PRICES_EVERY) {
            // A list that cannot be read changes no price.
            let list = source()?;
            self.looks.borrow_mut().prices = Some((self.clock.ticks(), list));
        }
        let looks = self.looks.borrow();
        let rate = looks.prices.as_ref()?.1.rate(&job.terms.device)?;
        match (&job.terms.tariff, rate) {
            (Tariff::PerShot { .. }, Rate::PerShot { task_fee, shot_fee }) => {
                Some(Tariff::PerShot { task_fee, shot_fee })
            }
            (Tariff::PerMinute { maximum_ms, .. }, Rate::PerMinute { minute, minimum_ms }) => {
                Some(Tariff::PerMinute { rate: minute, minimum_ms, maximum_ms: *maximum_ms })
            }
            // A reservation is paid by the hour, whatever a task costs.
            _ => None,
        }
    }

    /// Leaves a note for people, unless it stands there already. Nothing depends on it, so a store that
    /// does not take it is no trouble.
    pub(super) fn note(&self, place: String, text: String, until: Option<Timestamp>) {
        let at = self.clock.now();
        let same = |old: &Note| {
            old.text == text && (old.until == until || old.until.is_some_and(|old_until| old_until > at))
        };
        if self.noted(|all| all.get(&place).is_some_and(same)) {
            return;
        }
        let note = Note { place: place.clone(), text, until, at };
        if self.store.put_note(&note).is_ok()
            && let Some(noted) = &mut self.looks.borrow_mut().noted
        {
            noted.insert(place, note);
        }
    }

    /// Takes a note away, if one stands there.
    pub(super) fn clear(&self, place: &str) {
        if self.noted(|all| all.contains_key(place))
            && self.store.remove_note(place).is_ok()
            && let Some(noted) = &mut self.looks.borrow_mut().noted
        {
            noted.remove(place);
        }
    }

    /// Asks the notes of all processes, which are read once.
    fn noted<T>(&self, ask: impl FnOnce(&BTreeMap<String, Note>) -> T) -> T {
        let mut looks = self.looks.borrow_mut();
        let read = || self.store.notes().map(|all| all.into_iter().map(|n| (n.place.clone(), n)).collect());
        ask(looks.noted.get_or_insert_with(|| read().unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_read_as_it_words_itself() {
        let report = |status: &str, queue: Option<&str>| DeviceReport {
            status: status.into(),
            queue: queue.map(str::to_owned),
            capabilities: String::new(),
        };
        let seen = |status, queue| {
            sight_of(&report(status, queue), Timestamp::default()).map(|s| (s.state, s.queue))
        };
        assert_eq!(seen("ONLINE", Some("17")), Some((Availability::Online, Some(17))));
        assert_eq!(seen("ONLINE", Some(">4000")), Some((Availability::Online, Some(4001))));
        assert_eq!(
            seen("ONLINE", Some("0 (1 prioritized job(s) running)")),
            Some((Availability::Online, Some(0)))
        );
        assert_eq!(seen("ONLINE", Some("many")), Some((Availability::Online, None)));
        assert_eq!(seen("OFFLINE", None), Some((Availability::Offline, None)));
        assert_eq!(seen("RETIRED", None), Some((Availability::Retired, None)));
        assert_eq!(seen("MELTED", None), None, "an unknown word forbids nothing");
    }
}
