//! What a training costs before it starts: circuits, tasks, shots and dollars, by arithmetic alone.
//!
//! tasks = iterations x ceil(circuits / min(X, floor(M/s))) with program sets of at most X executables
//! and M shots, else iterations x circuits; shots = iterations x circuits x s.

use shotbook_sim::target::Device;

use crate::money::{Money, OutOfRange};

/// The founding formula: this many dollars for an iteration, in nano-dollars.
pub const PROPOSED: Money = Money::from_nanos(300_000_000);

/// A training as its bill sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    /// Iterations.
    pub iterations: u64,
    /// Circuits of an iteration.
    pub circuits: u64,
    /// Shots of a circuit.
    pub shots: u64,
}

/// What a device packs into one task: most executables and most shots; `None` for single circuits.
pub type SetLimit = Option<(u64, u64)>;

/// What a device packs into one task.
pub fn set_limit(device: &Device) -> SetLimit {
    device.program_set.map(|s| (s.max_executables, s.max_total_shots))
}

/// What it comes to on one device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bill {
    /// Circuits of all iterations.
    pub circuits: u64,
    /// Shots of all circuits.
    pub shots: u64,
    /// Tasks, packed where the device packs.
    pub tasks: u64,
    /// Tasks of one circuit each.
    pub single_tasks: u64,
    /// Answers that must be waited for, one after the other.
    pub round_trips: u64,
    /// Fees of the tasks.
    pub fees: Money,
    /// Fees without program sets.
    pub single_fees: Money,
    /// Price of the shots.
    pub shot_fees: Money,
}

impl Bill {
    /// Both together.
    ///
    /// # Errors
    /// Beyond what money or counts can say.
    pub fn plus(&self, other: &Self) -> Result<Self, OutOfRange> {
        let sum = |a: u64, b: u64| a.checked_add(b).ok_or(OutOfRange);
        Ok(Self {
            circuits: sum(self.circuits, other.circuits)?,
            shots: sum(self.shots, other.shots)?,
            tasks: sum(self.tasks, other.tasks)?,
            single_tasks: sum(self.single_tasks, other.single_tasks)?,
            round_trips: sum(self.round_trips, other.round_trips)?,
            fees: self.fees.plus(other.fees)?,
            single_fees: self.single_fees.plus(other.single_fees)?,
            shot_fees: self.shot_fees.plus(other.shot_fees)?,
        })
    }

    /// Fees and shots.
    ///
    /// # Errors
    /// Beyond what money can say.
    pub fn total(&self) -> Result<Money, OutOfRange> {
        self.fees.plus(self.shot_fees)
    }
}

/// The bill of a training.
///
/// # Errors
/// Beyond what money or counts can say.
pub fn bill(work: Work, set: SetLimit, task_fee: Money, shot_fee: Money) -> Result<Bill, OutOfRange> {
    let many = |a: u64, b: u64| a.checked_mul(b).ok_or(OutOfRange);
    let circuits = many(work.iterations, work.circuits)?;
    let shots = many(circuits, work.shots)?;
    let each = match set {
        Some((executables, total)) => {
            let fitting = executables.min(total.checked_div(work.shots).unwrap_or(u64::MAX));
            work.circuits.div_ceil(fitting.max(1))
        }
        None => work.circuits,
    };
    let tasks = many(work.iterations, each)?;
    Ok(Bill {
        circuits,
        shots,
        tasks,
        single_tasks: circuits,
        round_trips: work.iterations,
        fees: task_fee.times(tasks)?,
        single_fees: task_fee.times(circuits)?,
        shot_fees: shot_fee.times(shots)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_examples_are_met_to_the_cent() {
        let text = include_str!("../../data/training_cost_golden.json");
        let golden: serde_json::Value = serde_json::from_str(text).unwrap();
        let money = |value: &serde_json::Value| value.to_string().parse::<Money>().unwrap();
        let fee = money(&golden["prices"]["per_task_usd"]);
        let mut compared = 0;
        for scenario in golden["scenarios"].as_array().unwrap() {
            let (given, wanted) = (&scenario["inputs"], &scenario["expect"]);
            let n = |value: &serde_json::Value| value.as_u64().unwrap();
            let work = Work {
                iterations: n(&given["iterations"]),
                circuits: n(&given["circuits_per_iteration"]),
                shots: n(&given["shots_per_circuit"]),
            };
            for (device, price) in golden["prices"]["per_shot_usd"].as_object().unwrap() {
                let set = Some((n(&given["program_set_limit"]), u64::MAX));
                let bill = bill(work, set, fee, money(price)).unwrap();
                let counts = [
                    (bill.circuits, "circuits"),
                    (bill.shots, "shots"),
                    (bill.single_tasks, "tasks_one_circuit_each"),
                    (bill.tasks, "tasks_with_program_sets"),
                    (bill.round_trips, "sequential_round_trips"),
                ];
                for (ours, name) in counts {
                    assert_eq!(ours, n(&wanted[name]), "{} {name}", scenario["name"]);
                }
                // The file rounds to a cent, halves to even.
                let near = |ours: Money, theirs: &serde_json::Value, what: &str| {
                    let apart = ours.minus(money(theirs)).unwrap().nanos().abs();
                    assert!(apart <= 5_000_000, "{} {device} {what}: {ours} {theirs}", scenario["name"]);
                };
                near(bill.single_fees, &wanted["task_fee_usd_one_circuit_each"], "single fees");
                near(bill.fees, &wanted["task_fee_usd_with_program_sets"], "fees");
                near(bill.shot_fees, &wanted["shot_fee_usd"][device], "shots");
                near(bill.total().unwrap(), &wanted["total_usd_with_program_sets"][device], "total");
                compared += 1;
            }
        }
        assert_eq!(compared, 40);
    }

    #[test]
    fn shots_of_a_set_and_counts_without_end_are_limits_too() {
        let work = Work { iterations: 1, circuits: 100, shots: 1000 };
        let fee = PROPOSED;
        assert_eq!(bill(work, Some((100, 10_000)), fee, Money::ZERO).unwrap().tasks, 10);
        assert_eq!(bill(work, None, fee, Money::ZERO).unwrap().tasks, 100);
        let endless = Work { iterations: u64::MAX, circuits: 2, shots: 1 };
        assert!(bill(endless, None, fee, Money::ZERO).is_err());
    }
}
