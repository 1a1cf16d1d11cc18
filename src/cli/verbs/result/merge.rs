//! The counts of a submission that was split into several tasks.

use std::collections::BTreeSet;

use crate::cli::Failure;
use crate::cli::verbs::sweep::export;
use crate::ids::JobId;
use crate::job::Job;
use crate::money::Money;
use crate::outcome::TaskOutcome;
use crate::store::Store;

/// Jobs of a collection that all ran one circuit with one set of inputs on one device; `None` where
/// there is no such collection.
pub fn parts(store: &dyn Store, argument: &str) -> Result<Option<Vec<Job>>, Failure> {
    let Ok(collection) = export::find(store, argument) else { return Ok(None) };
    let ids: BTreeSet<JobId> = store.points(&collection.id)?.into_iter().map(|(_, id)| id).collect();
    let jobs = ids.iter().map(|id| store.job(id)).collect::<Result<Vec<_>, _>>()?;
    let same = |a: &Job, b: &Job| {
        let (a, b) = (&a.terms, &b.terms);
        (&a.circuit, &a.inputs, &a.device) == (&b.circuit, &b.inputs, &b.device)
    };
    if jobs.windows(2).any(|w| !same(&w[0], &w[1])) {
        let why = format!("{argument} holds different circuits, whose counts do not add up");
        return Err(Failure::new("SB2001", why).with_help(format!("shotbook sweep export {argument}")));
    }
    Ok(Some(jobs).filter(|jobs| !jobs.is_empty()))
}

/// One outcome of all parts, with what was settled for them.
pub fn merged(store: &dyn Store, jobs: &[Job]) -> Result<(TaskOutcome, Money), Failure> {
    let (mut sum, mut settled) = (None::<TaskOutcome>, Money::ZERO);
    for job in jobs {
        let (_, part) = super::stored(store, job)?;
        settled = settled.plus(job.settled).map_err(|e| Failure::new("SB1001", e.to_string()))?;
        let all = sum.get_or_insert_with(|| TaskOutcome {
            measured_qubits: part.measured_qubits.clone(),
            ..TaskOutcome::default()
        });
        if all.measured_qubits != part.measured_qubits
            || !part.executables.is_empty()
            || !part.result_types.is_empty()
        {
            let why = format!("the parts of {} give more than counts", job.terms.name);
            return Err(Failure::new("SB2001", why).with_help(format!("shotbook result {}", job.terms.id)));
        }
        all.shots += part.shots;
        all.counts_from_probabilities |= part.counts_from_probabilities;
        for (bits, n) in part.counts {
            *all.counts.entry(bits).or_default() += n;
        }
    }
    Ok((sum.unwrap_or_default(), settled))
}
