//! Every kind of fault: its name, what it does, and an example.

use super::Kind;

/// A row: the kind, what it is for.
pub struct Row {
    /// The kind.
    pub kind: Kind,
    /// Its name in files.
    pub name: &'static str,
    /// What it does, in one sentence.
    pub what: &'static str,
    /// A fault of this kind as a file has it.
    pub example: &'static str,
}

macro_rules! rows {
    ($($kind:ident $name:literal $operation:literal $extra:literal $what:literal;)*) => {
        &[$(Row { kind: Kind::$kind, name: $name, what: $what, example: concat!(
            "[[fault]]\nkind = \"", $name, "\"\noperation = \"", $operation, "\"\n", $extra) }),*]
    };
}

/// All kinds.
#[rustfmt::skip]
pub static ROWS: &[Row] = rows! {
    Throttle "throttle" "GetQuantumTask" "probability = 0.2\ntimes = 1000000\n" "429 ThrottlingException before anything happens";
    ErrorBefore "error_before" "CreateQuantumTask" "" "500 before anything happens";
    ErrorAfter "error_after" "CreateQuantumTask" "" "500 after it happened: a task may run";
    LostReply "lost_reply" "CreateQuantumTask" "at = 2\n" "it happens, and the connection drops without an answer";
    Reset "reset" "*" "probability = 0.05\ntimes = 1000000\n" "the connection drops before anything happens";
    Delay "delay" "GetObject" "delay_ms = 2000\n" "the answer comes `delay_ms` later";
    SlowBody "slow_body" "GetObject" "delay_ms = 3000\n" "headers and half of the body at once, the rest `delay_ms` later";
    CutBody "cut_body" "GetObject" "" "half of the answer's body, then the connection drops";
    WrongLength "wrong_length" "GetQuantumTask" "" "the answer promises more bytes than it has";
    Garbage "garbage" "GetDevice" "" "the right status with a body that is no JSON";
    Redirect "redirect" "GetObject" "" "301 to another region, with no place to go";
    Duplicate "duplicate" "CreateQuantumTask" "" "the request arrives twice";
    NotFound "not_found" "GetQuantumTask" "times = 2\n" "404, as right after a create";
    Denied "denied" "CreateQuantumTask" "" "403 AccessDeniedException, of a result with `operation = \"GetObject\"`";
    Expired "expired" "*" "at = 10\ntimes = 5\n" "403 ExpiredTokenException: the credentials have run out";
    ClockSkew "clock_skew" "*" "delay_ms = 600000\ntimes = 1000000\n" "the answer's Date is `delay_ms` ahead";
    Offline "offline" "CreateQuantumTask" "device = \"Garnet\"\ntimes = 3\n" "424 DeviceOfflineException; with GetDevice and SearchDevices the status is OFFLINE";
    ForgetTokens "forget_tokens" "CreateQuantumTask" "times = 1000000\n" "the client token is not remembered: a repeat is another task";
    SearchLag "search_lag" "SearchQuantumTasks" "delay_ms = 300000\ntimes = 1000000\n" "tasks younger than `delay_ms` are not found";
    Stuck "stuck" "CreateQuantumTask" "device = \"Forte-1\"\n" "the task or job that is created stays QUEUED until it is cancelled";
    FailTask "fail_task" "CreateQuantumTask" "at = 3\n" "the task or job that is created ends FAILED";
    Partial "partial" "CreateQuantumTask" "" "half of the shots of the task that is created succeed";
    CancelLoses "cancel_loses" "CreateQuantumTask" "" "a cancel of the task that is created is accepted, and it completes all the same";
    ResultMissing "result_missing" "CreateQuantumTask" "" "the task completes without a result object";
    ResultCut "result_cut" "CreateQuantumTask" "" "half of the task's result object is there";
    ResultLate "result_late" "CreateQuantumTask" "delay_ms = 5000\n" "the task's result object comes `delay_ms` after COMPLETED";
    ResultHuge "result_huge" "CreateQuantumTask" "" "the task's result object is 64 MiB longer, all blanks";
    Stale "stale" "GetQuantumTask" "times = 3\n" "the task is shown as CREATED, whatever became of it";
    PriceChange "price_change" "*" "times = 1000000\n" "prices in the price list, in GetDevice and on new tasks are twice as high";
    ResultMalformed "result_malformed" "CreateQuantumTask" "" "the task's result object is JSON of another shape";
};
