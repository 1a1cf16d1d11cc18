//! A line on a terminal while a computation runs: how long it has taken, and how long it may yet.

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::time;

/// What is over sooner needs no line.
const FIRST: Duration = Duration::from_secs(1);
const EACH: Duration = Duration::from_millis(250);

/// Share that is done, told from any thread.
#[derive(Clone, Debug, Default)]
pub struct Share(Arc<AtomicU64>);

impl Share {
    /// Never goes back.
    pub fn tell(&self, done: f64) {
        if done.is_finite() {
            // Bits of floats above zero are in the order of the floats.
            self.0.fetch_max(done.clamp(0.0, 1.0).to_bits(), Ordering::Relaxed);
        }
    }

    fn done(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }
}

/// The line; it is wiped when this is dropped.
#[derive(Debug)]
pub struct Progress {
    end: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Progress {
    /// Begins to watch, if somebody looks: `forecast` is the time that it was expected to take.
    pub fn start(wanted: bool, share: Share, forecast: Option<Duration>) -> Self {
        if !wanted || !std::io::stderr().is_terminal() {
            return Self { end: None };
        }
        let began = time::monotonic_us();
        let (end, ended) = channel::<()>();
        let thread = std::thread::spawn(move || {
            let mut pause = FIRST;
            while ended.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                pause = EACH;
                show(&format!("\r\x1b[K{}", line(since(began), share.done(), forecast)));
            }
            if pause == EACH {
                show("\r\x1b[K");
            }
        });
        Self { end: Some((end, thread)) }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((end, thread)) = self.end.take() {
            drop(end);
            let _gone = thread.join();
        }
    }
}

fn since(began: u64) -> Duration {
    Duration::from_micros(time::monotonic_us() - began)
}

/// A terminal that is gone is no reason to stop.
fn show(text: &str) {
    let mut out = std::io::stderr().lock();
    let _shown = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

fn line(took: Duration, done: f64, forecast: Option<Duration>) -> String {
    let seconds = took.as_secs_f64();
    let rest = match forecast {
        _ if done > 0.01 => {
            let left = seconds * (1.0 - done) / done;
            format!("{:.0} % · about {} left", 100.0 * done, spoken(left))
        }
        Some(forecast) => format!("forecast {}", spoken(forecast.as_secs_f64())),
        None => "no forecast".to_owned(),
    };
    format!("simulating · {} · {rest} · Ctrl-C ends it", spoken(seconds))
}

fn spoken(seconds: f64) -> String {
    match seconds {
        s if s < 90.0 => format!("{s:.0} s"),
        s if s < 5400.0 => format!("{:.0} min", s / 60.0),
        s if s < 172_800.0 => format!("{:.0} h", s / 3600.0),
        s => format!("{:.0} days", s / 86_400.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_says_what_is_left_and_a_forecast_stands_in_before() {
        let at = |s: u64, done: f64, forecast: Option<u64>| {
            line(Duration::from_secs(s), done, forecast.map(Duration::from_secs))
        };
        assert_eq!(at(30, 0.25, Some(7)), "simulating · 30 s · 25 % · about 2 min left · Ctrl-C ends it");
        assert_eq!(at(2, 0.0, Some(7200)), "simulating · 2 s · forecast 2 h · Ctrl-C ends it");
        assert_eq!(at(2, 0.0, None), "simulating · 2 s · no forecast · Ctrl-C ends it");
    }

    #[test]
    fn a_share_never_goes_back() {
        let share = Share::default();
        share.tell(0.5);
        share.tell(0.25);
        share.tell(f64::NAN);
        assert_eq!(share.done(), 0.5);
        share.tell(7.0);
        assert_eq!(share.done(), 1.0);
    }
}
