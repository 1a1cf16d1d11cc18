//! Flags that say when a submission may be sent.

use shotbook_sim::target::Device;

use crate::cli::Failure;
use crate::job::{Fire, opens_at};
use crate::time::{self, Timestamp};

/// When a submission may be sent.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct FireArgs {
    /// Not before, such as 2026-11-24T18:00:00Z, or 2h from now
    #[arg(long, value_name = "T")]
    pub not_before: Option<String>,
    /// Not before the device's next execution window opens: `--window next`
    #[arg(long, value_name = "WHICH", value_parser = ["next"])]
    pub window: Option<String>,
    /// Never sent after, such as 2026-11-24T18:00:00Z, or 2h from now
    #[arg(long, value_name = "T")]
    pub deadline: Option<String>,
    /// Not sent while more tasks than this wait at the device
    #[arg(long, value_name = "N")]
    pub max_queue: Option<u64>,
}

/// An instant, a date, or a time from now.
pub fn moment(text: &str, now: Timestamp) -> Result<Timestamp, Failure> {
    if let Ok(at) = super::super::jobs::instant(text) {
        return Ok(at);
    }
    let wrong = || {
        Failure::new("SB2001", format!("{text:?} is no time"))
            .with_help("an instant such as 2026-11-24T18:00:00Z, or a time from now such as 2h")
    };
    super::super::run::duration(text).map(|span| now.after(span)).map_err(|_| wrong())
}

impl FireArgs {
    /// The earliest sending and the conditions of it, on a device.
    pub fn read(
        &self,
        device: &Device,
        max_fails: Option<u64>,
    ) -> Result<(Option<Timestamp>, Fire), Failure> {
        let now = time::now();
        let read = |text: &Option<String>| text.as_deref().map(|t| moment(t, now)).transpose();
        let (mut not_before, deadline) = (read(&self.not_before)?, read(&self.deadline)?);
        if self.window.is_some() {
            let from = not_before.unwrap_or(now).max(now);
            let opens = opens_at(device, from).ok_or_else(|| {
                Failure::new("SB2001", format!("no execution windows of {} are published", device.name))
                    .with_help("leave --window out; it takes tasks at any time")
            })?;
            // Inside a window there is nothing to wait for.
            not_before = Some(opens).filter(|&at| at > now);
        }
        let earliest = not_before.unwrap_or(now).max(now);
        if let Some(deadline) = deadline.filter(|&at| at < earliest) {
            let why = format!("the deadline {deadline} is before {earliest}, when it could first be sent");
            return Err(Failure::new("SB2001", why).with_help("a later --deadline, or none"));
        }
        let window = self.window.is_some();
        Ok((not_before, Fire { deadline, window, max_queue: self.max_queue, max_fails }))
    }
}
