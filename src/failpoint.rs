//! Named places where a test may end, fail or delay this process.
//!
//! Built into debug builds and under the feature `failpoints`; a release build has none, and
//! [`arm`] says so. `SHOTBOOK_FAILPOINT=name:hit:abort|error|sleep` arms one: at the given hit of
//! that name, counted from 1.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Every place, in the order of a job's life.
pub const NAMES: &[&str] = &[
    "accept.before",
    "accept.after",
    "lane.after",
    "scan.before",
    "scan.after",
    "found.before",
    "found.after",
    "adopt.before",
    "adopt.after",
    "open.before",
    "open.after",
    "resend.before",
    "resend.after",
    "send.before",
    "send.after",
    "created.before",
    "created.after",
    "prove.before",
    "prove.after",
    "poll.before",
    "poll.after",
    "seen.before",
    "seen.after",
    "cancel.before",
    "cancel.after",
    "fetch.before",
    "fetch.after",
    "settle.before",
    "settle.after",
    "notify.before",
    "notify.after",
    "compute.before",
    "compute.after",
    "told.before",
    "told.after",
    "blob.rename.before",
    "blob.rename.after",
    "commit.before",
    "commit.after",
    "migrate.before",
    "migrate.after",
];

const BUILT_IN: bool = cfg!(any(debug_assertions, feature = "failpoints"));

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Abort,
    Error,
    Sleep,
}

#[derive(Debug)]
struct Armed {
    name: &'static str,
    hit: u64,
    act: Act,
    count: AtomicU64,
}

static ARMED: OnceLock<Armed> = OnceLock::new();

/// The error that an armed place reports instead of going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("failpoint {0}")]
pub struct Injected(pub &'static str);

/// A specification that cannot be armed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArmError {
    /// This build has none.
    #[error("this build has no failpoints; build with --features failpoints")]
    NotBuilt,
    /// Not `name:hit:act`.
    #[error("{0:?} is not name:hit:abort|error|sleep")]
    Shape(String),
    /// No place of that name.
    #[error("there is no failpoint {0:?}")]
    Unknown(String),
}

/// Arms one place for the life of the process.
pub fn arm(specification: &str) -> Result<(), ArmError> {
    if !BUILT_IN {
        return Err(ArmError::NotBuilt);
    }
    let armed = parse(specification)?;
    let _already_armed = ARMED.set(armed);
    Ok(())
}

fn parse(specification: &str) -> Result<Armed, ArmError> {
    let shape = || ArmError::Shape(specification.to_owned());
    let mut parts = specification.split(':');
    let (Some(name), Some(hit), Some(act), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(shape());
    };
    let name =
        NAMES.iter().copied().find(|n| *n == name).ok_or_else(|| ArmError::Unknown(name.to_owned()))?;
    let hit = hit.parse().ok().filter(|&n| n > 0).ok_or_else(shape)?;
    let act = match act {
        "abort" => Act::Abort,
        "error" => Act::Error,
        "sleep" => Act::Sleep,
        _ => return Err(shape()),
    };
    Ok(Armed { name, hit, act, count: AtomicU64::new(0) })
}

/// Passes, unless this place is armed and this is its hit.
pub fn hit(name: &'static str) -> Result<(), Injected> {
    if !BUILT_IN {
        return Ok(());
    }
    debug_assert!(NAMES.contains(&name), "failpoint {name} is not in the list");
    let Some(armed) = ARMED.get().filter(|a| a.name == name) else { return Ok(()) };
    if armed.count.fetch_add(1, Ordering::Relaxed) + 1 != armed.hit {
        return Ok(());
    }
    match armed.act {
        Act::Abort => std::process::abort(),
        Act::Error => Err(Injected(name)),
        Act::Sleep => {
            std::thread::sleep(std::time::Duration::from_secs(3));
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_specification_names_place_hit_and_act() {
        let armed = parse("send.after:2:error").unwrap();
        assert_eq!((armed.name, armed.hit, armed.act), ("send.after", 2, Act::Error));
        for wrong in ["", "send.after", "send.after:0:abort", "send.after:1:explode", "send.after:1:abort:x"]
        {
            assert!(matches!(parse(wrong), Err(ArmError::Shape(_)) | Err(ArmError::Unknown(_))), "{wrong}");
        }
        assert_eq!(parse("nowhere:1:abort").unwrap_err(), ArmError::Unknown("nowhere".to_owned()));
    }

    #[test]
    fn names_are_unique() {
        let set: std::collections::BTreeSet<_> = NAMES.iter().collect();
        assert_eq!(set.len(), NAMES.len());
    }
}
