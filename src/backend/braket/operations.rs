//! Every AWS operation that the code calls, one row each; the IAM policy is held to this table.

/// A row: everything known about one operation.
pub struct Operation {
    /// Name in the service's model.
    pub name: &'static str,
    /// Action of the IAM policy.
    pub iam: &'static str,
    /// Requests a second that the service allows; 0 where it does not say. Source: quotas page.
    pub per_second: u32,
    /// Whether sending it twice changes nothing.
    pub repeatable: bool,
}

const fn row(name: &'static str, iam: &'static str, per_second: u32, repeatable: bool) -> Operation {
    Operation { name, iam, per_second, repeatable }
}

/// All operations.
pub static OPERATIONS: [Operation; 15] = [
    row("CreateQuantumTask", "braket:CreateQuantumTask", 20, false),
    row("CreateQuantumTask (tags)", "braket:TagResource", 0, false),
    row("GetQuantumTask", "braket:GetQuantumTask", 100, true),
    row("CancelQuantumTask", "braket:CancelQuantumTask", 2, true),
    row("SearchQuantumTasks", "braket:SearchQuantumTasks", 5, true),
    row("SearchJobs", "braket:SearchJobs", 5, true),
    row("GetJob", "braket:GetJob", 5, true),
    row("GetDevice", "braket:GetDevice", 5, true),
    row("SearchSpendingLimits", "braket:SearchSpendingLimits", 0, true),
    row("CreateSpendingLimit", "braket:CreateSpendingLimit", 0, true),
    row("UpdateSpendingLimit", "braket:UpdateSpendingLimit", 0, true),
    row("DeleteSpendingLimit", "braket:DeleteSpendingLimit", 0, true),
    row("GetObject", "s3:GetObject", 0, true),
    row("HeadBucket", "s3:ListBucket", 0, true),
    row("CreateBucket", "s3:CreateBucket", 0, true),
];

/// What Braket needs of the caller to write results, and STS needs nothing for.
pub const ALSO_NEEDED: [&str; 1] = ["s3:PutObject"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_allows_exactly_what_is_called() {
        let text = include_str!("../../../deploy/iam-policy.json");
        let policy: serde_json::Value = serde_json::from_str(text).unwrap();
        let mut allowed: Vec<String> = Vec::new();
        for statement in policy["Statement"].as_array().unwrap() {
            assert_eq!(statement["Effect"], "Allow");
            allowed.extend(
                statement["Action"].as_array().unwrap().iter().map(|a| a.as_str().unwrap().to_owned()),
            );
        }
        allowed.sort();
        let mut called: Vec<String> = OPERATIONS.iter().map(|o| o.iam.to_owned()).collect();
        called.extend(ALSO_NEEDED.iter().map(|s| (*s).to_owned()));
        called.sort();
        assert_eq!(allowed, called);
    }
}
