//! Who runs, and whether it still does.

use crate::ids::RunnerId;

/// This process: machine boot, process id and start, so that a reused id is not mistaken for it.
pub fn this_process() -> RunnerId {
    let pid = std::process::id();
    let (boot, start) = (boot_id().unwrap_or_default(), start_of(pid).unwrap_or_default());
    RunnerId::new(format!("{boot}/{pid}/{start}"))
}

/// Whether a runner certainly runs no more: same machine, same boot, no such process.
///
/// False where that cannot be told.
pub fn is_gone(runner: &RunnerId) -> bool {
    let mut parts = runner.as_str().split('/');
    let (Some(boot), Some(pid), Some(start)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let (Ok(pid), Some(here)) = (pid.parse::<u32>(), boot_id()) else { return false };
    !boot.is_empty() && boot == here && start_of(pid).is_none_or(|now| now != start)
}

fn boot_id() -> Option<String> {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(text.trim().to_owned())
}

/// Start of a process in clock ticks since boot. Source: proc(5), field 22 of `stat`.
fn start_of(pid: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything; fields count after its end.
    let fields = stat.rsplit_once(')')?.1;
    let mut fields = fields.split_whitespace();
    let state = fields.next()?;
    let start = fields.nth(18)?.to_owned();
    // A zombie has ended and only waits to be noticed.
    (state != "Z" && state != "X").then_some(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_alive_to_itself_and_gone_under_another_start() {
        let me = this_process();
        assert!(!is_gone(&me));
        let Some(boot) = boot_id() else { return };
        assert!(is_gone(&RunnerId::new(format!("{boot}/{}/1", std::process::id()))));
        assert!(!is_gone(&RunnerId::new("another-boot/1/1")));
        assert!(!is_gone(&RunnerId::new("r")));
    }
}
