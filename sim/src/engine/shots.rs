//! Answers from shots: one set of outcomes, read in the bases that the result types ask for.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::circuit::BitString;
use crate::engine::bases::{self, Bases, Readings};
use crate::engine::crew;
use crate::engine::model::Engine;
use crate::engine::runner::{Leaf, Runner, Share};
use crate::engine::{Counts, Options, SimError};
use crate::plan::columns::{Layout, Source};
use crate::result::{ResultRequest, ResultType, ResultValue};
use crate::sample::{self, Rng, Rows};

/// What one result type takes from the outcomes.
enum Ask {
    Probability(Vec<u32>),
    Expectation(Readings),
    Variance(Readings),
    Sample(Readings),
}

/// How outcomes are read: the columns first, then the qubits that result types need.
pub(crate) struct Reader {
    asks: Vec<Ask>,
    /// What is to be rotated before the outcomes are read.
    pub(crate) bases: Bases,
    /// Where each bit of a row comes from.
    pub(crate) sources: Vec<Source>,
    n_columns: usize,
    /// The qubits to sample, rising.
    sampled: Vec<u32>,
}

/// Outcomes and answers of a run.
pub(crate) struct Reading {
    pub(crate) counts: Counts,
    pub(crate) shot_list: Option<Vec<u32>>,
    pub(crate) values: Vec<ResultValue>,
}

impl Reader {
    /// Plans how to answer requests on a register of `n` qubits.
    ///
    /// # Errors
    /// Shots for result types that need an exact state; Conflict for bases that exclude each other.
    pub(crate) fn new(requests: &[ResultRequest], layout: &Layout, n: u32) -> Result<Self, SimError> {
        let mut bases = Bases::new(n);
        let mut asks = Vec::new();
        let mut needed = Vec::new();
        for ResultRequest { kind, span } in requests {
            asks.push(match kind {
                ResultType::Probability(targets) => {
                    let targets = targets.clone().unwrap_or_else(|| (0..n).collect());
                    bases.add_plain(&targets, *span)?;
                    needed.extend_from_slice(&targets);
                    if targets.len() > 30 {
                        return Err(SimError::Limit {
                            what: "qubits in one probability vector",
                            limit: 30,
                            span: Some(*span),
                        });
                    }
                    Ask::Probability(targets)
                }
                ResultType::Expectation(o) => Ask::Expectation(bases.add(o, *span)?),
                ResultType::Variance(o) => Ask::Variance(bases.add(o, *span)?),
                ResultType::Sample(o) => Ask::Sample(bases.add(o, *span)?),
                ResultType::StateVector
                | ResultType::DensityMatrix(_)
                | ResultType::Amplitude(_)
                | ResultType::AdjointGradient { .. } => {
                    return Err(SimError::Shots {
                        reason: "this result type needs shots = 0",
                        span: Some(*span),
                    });
                }
            });
            if let Some(Ask::Expectation(r) | Ask::Variance(r) | Ask::Sample(r)) = asks.last() {
                needed.extend(r.iter().flat_map(|r| &r.qubits));
            }
        }
        needed.sort_unstable();
        needed.dedup();
        let mut sources = layout.sources.clone();
        sources.extend(needed.iter().map(|&q| Source::Qubit(q)));
        let mut sampled: Vec<u32> =
            sources.iter().filter_map(|s| if let Source::Qubit(q) = s { Some(*q) } else { None }).collect();
        sampled.sort_unstable();
        sampled.dedup();
        Ok(Self { asks, bases, sources, n_columns: layout.sources.len(), sampled })
    }

    /// Takes the shots and answers.
    pub(crate) fn read<E: Engine>(
        &self,
        runner: &Runner<E>,
        shots: u64,
        rng: &mut Rng,
        options: &Options<'_>,
        sampling: &mut dyn FnMut(u64),
    ) -> Result<Reading, SimError> {
        let rotation = match self.bases.is_plain() {
            true => None,
            false => Some(self.bases.with_segment(|s| runner.engine.plan(s))?),
        };
        let direct = self.sources.iter().map(|s| match s {
            Source::Qubit(q) => Some(*q),
            Source::Bit(_) => None,
        });
        let direct = direct.eq(self.sampled.iter().map(|&q| Some(q)));
        let done = AtomicU64::new(0);
        let own = Rng::new(rng.bits());
        let walker = std::mem::replace(rng, own);
        let parts =
            crew::walk(runner, shots, walker, options, &|leaf, rng, (rows, us): &mut (Rows, u64)| {
                let Share::Shots(part) = leaf.share else { return Ok(()) };
                let began = options.now_us();
                if let Some(plan) = &rotation {
                    runner.engine.evolve(leaf.state, plan, options)?;
                    runner.engine.settle(leaf.state);
                }
                let drawn = runner.engine.sample(leaf.state, &self.sampled, part, rng);
                if direct && part == shots {
                    *rows = drawn;
                } else {
                    if rows.words == 0 {
                        *rows = Rows::new(self.sources.len());
                    }
                    self.compose(&drawn, &leaf, rows);
                }
                let done = done.fetch_add(part, Ordering::Relaxed) + part;
                if let Some(watch) = options.watch {
                    watch.progress(done as f64 / shots as f64);
                }
                *us += options.now_us() - began;
                Ok(())
            })?;
        let mut rows = Rows::new(self.sources.len());
        for (part, us) in parts {
            if rows.counts.is_empty() {
                rows = part;
            } else {
                rows.keys.extend(part.keys);
                rows.counts.extend(part.counts);
            }
            sampling(us);
        }
        let began = options.now_us();
        rows.tidy();
        let reading = self.answer(&rows, rng, options.keep_shots);
        sampling(options.now_us() - began);
        Ok(reading)
    }

    /// Puts bits of the memory and of the sampled qubits in the order of the sources.
    fn compose<S>(&self, drawn: &Rows, leaf: &Leaf<'_, S>, rows: &mut Rows) {
        let mut row = vec![0; rows.words];
        for (key, count) in drawn.iter() {
            row.fill(0);
            for (at, source) in self.sources.iter().enumerate() {
                let value = match source {
                    Source::Bit(b) => leaf.memory.bit(*b),
                    Source::Qubit(q) => sample::bit(key, self.place(*q)),
                };
                sample::set(&mut row, at, value);
            }
            rows.push(&row, count);
        }
    }

    /// Where a qubit stands among the sampled.
    fn place(&self, qubit: u32) -> usize {
        self.sampled.partition_point(|&q| q < qubit)
    }

    /// Where the bit of a qubit that a result type needs stands in a row.
    fn needed(&self, qubit: u32) -> usize {
        let rest = &self.sources[self.n_columns..];
        self.n_columns + rest.partition_point(|s| matches!(s, Source::Qubit(q) if *q < qubit))
    }

    /// Answers from sorted rows of distinct outcomes.
    pub(crate) fn answer(&self, rows: &Rows, rng: &mut Rng, keep_shots: bool) -> Reading {
        let ordered = keep_shots || self.asks.iter().any(|a| matches!(a, Ask::Sample(_)));
        let order = ordered.then(|| {
            let mut order: Vec<u32> = rows
                .counts
                .iter()
                .enumerate()
                .flat_map(|(i, &c)| std::iter::repeat_n(i as u32, c as usize))
                .collect();
            rng.shuffle(&mut order);
            order
        });
        let mut counts: Counts = Vec::new();
        let mut column_of = Vec::with_capacity(rows.counts.len());
        for (row, count) in rows.iter() {
            let bits = BitString::from_words(row, self.n_columns);
            match counts.last_mut() {
                Some((last, n)) if *last == bits => *n += count,
                _ => counts.push((bits, count)),
            }
            column_of.push(counts.len() as u32 - 1);
        }
        let values = self.asks.iter().map(|ask| self.value(ask, rows, order.as_deref())).collect();
        let shot_list = order
            .filter(|_| keep_shots)
            .map(|order| order.into_iter().map(|i| column_of[i as usize]).collect());
        Reading { counts, shot_list, values }
    }

    fn value(&self, ask: &Ask, rows: &Rows, order: Option<&[u32]>) -> ResultValue {
        let shots: u64 = rows.counts.iter().sum();
        let eigen =
            |readings: &Readings, row: &[u64]| bases::read(readings, |q| sample::bit(row, self.needed(q)));
        let mean = |f: &dyn Fn(&[u64]) -> f64| {
            rows.iter().map(|(row, count)| f(row) * count as f64).sum::<f64>() / shots as f64
        };
        match ask {
            Ask::Probability(targets) => {
                let mut out = vec![0.0; 1 << targets.len()];
                for (row, count) in rows.iter() {
                    let at = targets
                        .iter()
                        .fold(0, |a, &q| a << 1 | usize::from(sample::bit(row, self.needed(q))));
                    out[at] += count as f64 / shots as f64;
                }
                ResultValue::Probability(out)
            }
            Ask::Expectation(r) => ResultValue::Expectation(mean(&|row| eigen(r, row))),
            Ask::Variance(r) => {
                let center = mean(&|row| eigen(r, row));
                ResultValue::Variance(mean(&|row| (eigen(r, row) - center).powi(2)))
            }
            Ask::Sample(r) => {
                let each: Vec<f64> = rows.iter().map(|(row, _)| eigen(r, row)).collect();
                ResultValue::Sample(order.unwrap_or(&[]).iter().map(|&i| each[i as usize]).collect())
            }
        }
    }
}
