//! The shipped rules, and each of them left out.

/// Which rules hold.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// The same token for every send of an attempt (rule 1).
    pub stored_token: bool,
    /// The same signing time for every send of an attempt (rule 4).
    pub stored_time: bool,
    /// A lost reply keeps the hold (rule 2).
    pub keep_hold_in_doubt: bool,
    /// Absence is concluded only after the quiet period (P5).
    pub quiet_period: bool,
    /// Nothing is sent again after the resend window (P3).
    pub resend_window: bool,
    /// Commits compare the version (rule 3).
    pub compare_version: bool,
    /// A refusal counts only for the first and only send (rule 7).
    pub first_refusal_only: bool,
    /// A cancel waits for the end of the doubt (rule 5).
    pub cancel_waits: bool,
    /// AWS's assumption A1: a token is remembered as long as a signature lives.
    pub aws_remembers: bool,
}

impl Rules {
    /// What the program does.
    pub fn shipped() -> Self {
        Self {
            stored_token: true,
            stored_time: true,
            keep_hold_in_doubt: true,
            quiet_period: true,
            resend_window: true,
            compare_version: true,
            first_refusal_only: true,
            cancel_waits: true,
            aws_remembers: true,
        }
    }
}

/// Each variant with the number of runners that breaks it.
pub fn broken() -> Vec<(&'static str, Rules, usize)> {
    let ok = Rules::shipped();
    vec![
        ("a new token for every send", Rules { stored_token: false, ..ok }, 1),
        ("the hold is released on a timeout", Rules { keep_hold_in_doubt: false, ..ok }, 1),
        ("absence without the quiet period", Rules { quiet_period: false, ..ok }, 1),
        (
            "a resend after the token was forgotten",
            Rules { resend_window: false, stored_time: false, ..ok },
            1,
        ),
        ("signed with the current time, one runner", Rules { stored_time: false, ..ok }, 1),
        ("signed with the current time, two runners", Rules { stored_time: false, ..ok }, 2),
        ("commits without a version", Rules { compare_version: false, ..ok }, 2),
        ("a refused re-send ends the attempt", Rules { first_refusal_only: false, ..ok }, 1),
        ("a cancel in doubt releases at once", Rules { cancel_waits: false, ..ok }, 1),
        ("AWS forgets tokens while signatures live", Rules { aws_remembers: false, ..ok }, 2),
    ]
}
