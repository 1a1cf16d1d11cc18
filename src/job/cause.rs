//! Whether what made a task fail may be gone the next time.

/// Words of reasons that repeat however often the task is bought: the program, its size, or a
/// permission is wrong.
///
/// AWS publishes no list of reasons; these are words of its documented validation errors and of the
/// category `COMPILATION` of program sets.
const REPEATS: &[&str] = &[
    "invalid",
    "validation",
    "not valid",
    "not supported",
    "unsupported",
    "not allowed",
    "compil",
    "syntax",
    "parse",
    "parsing",
    "malformed",
    "exceed",
    "too many",
    "too large",
    "out of range",
    "retired",
    "access denied",
    "accessdenied",
    "not authorized",
    "permission",
    "does not exist",
    "nosuchbucket",
];

/// Whether another attempt after this reason of a FAILED task may end otherwise.
///
/// A failed task costs nothing, and more attempts are made only where the user allowed them, so a
/// reason that says nothing of the program counts as passing.
pub fn is_retryable(reason: &str) -> bool {
    let reason = reason.to_lowercase();
    !REPEATS.iter().any(|word| reason.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::QuantumTaskArn;
    use crate::job::explore::model::terms;
    use crate::job::{Event, Job, Lane, Output, Stage, StatusReport, TaskStatus, apply};
    use crate::price::Metering;
    use crate::time::Timestamp;

    /// A running job that may be bought once more, after its task failed for a reason.
    fn after(reason: &str) -> Job {
        let lane = Lane {
            endpoint: None,
            account: String::new(),
            region: String::new(),
            bucket: String::new(),
            world: None,
        };
        let (task, now) = (QuantumTaskArn::new("t"), Timestamp::default());
        let stage = Stage::watching(&task, &lane, &TaskStatus::Queued, now);
        let job = Job { stage, ..Job::accepted(terms(), true) };
        let report = StatusReport {
            status: TaskStatus::Failed,
            queue: None,
            failure: Some(reason.to_owned()),
            metering: Metering::default(),
            output: Output { bucket: String::new(), directory: String::new() },
        };
        apply(&job, &Event::Seen { task, report }, now).unwrap()
    }

    #[test]
    fn only_a_cause_that_may_pass_is_paid_for_again() {
        let again = after("The device failed while it ran the task.");
        assert!(matches!(again.stage, Stage::Waiting { .. }) && again.attempt == 2, "{again:?}");
        assert!(again.held.is_zero(), "the next attempt takes a hold of its own");
        let over = after("ValidationException: the program is not supported");
        assert!(over.is_done() && over.attempt == 1 && over.retries_used == 0, "{over:?}");
    }

    #[test]
    fn what_the_program_did_wrong_repeats_and_what_the_device_did_may_pass() {
        for passing in [
            "The device failed while it ran the task.",
            "Internal service error",
            "Device went offline during calibration",
            "AWS gave no reason",
            "",
        ] {
            assert!(is_retryable(passing), "{passing}");
        }
        for repeats in [
            "ValidationException: qubit 99 is not valid",
            "Compilation failed: gate foo is UNSUPPORTED",
            "Program exceeds the maximum number of instructions",
            "Access Denied when writing to amazon-braket-results",
            "Device is retired",
        ] {
            assert!(!is_retryable(repeats), "{repeats}");
        }
    }
}
