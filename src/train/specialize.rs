//! Train once, specialise many: one set of weights for a whole [`Family`], then the best member for
//! each device by evolution, tuned from the shared weights, beside the same member trained from zero.

use std::collections::BTreeMap;

use shotbook_sim::engine::{Options, SimError};
use shotbook_sim::noise_model::{self, Fidelities};
use shotbook_sim::sample::Rng;
use shotbook_sim::target::Device;

use super::family::{Family, Member};
use super::machine::{Definition, State, Stop, Used};
use super::optimizer::{Adam, Ask, Kind, Settings};
use super::plan::{SetLimit, Work, bill};
use super::problem::{Objective, Problem};
use super::{TrainError, circuit};
use crate::money::Money;

/// Members of a generation, and how many of them breed.
const POPULATION: usize = 24;
const PARENTS: usize = 8;
/// Every so many steps the shared weights are trained on the whole family's circuit.
const WHOLE_EVERY: u64 = 4;

/// How it is done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// Steps of the shared weights.
    pub steps: u64,
    /// Generations of the search.
    pub generations: u32,
    /// Most iterations of a tuning and of a training from zero, which stop at a plateau.
    pub iterations: u32,
    /// Trainings of each kind, each with a seed of its own.
    pub seeds: u64,
    /// The first of the seeds.
    pub seed: u64,
    /// Shots of a circuit without noise.
    pub shots: u64,
    /// Loss that a dollar of one evaluation weighs in the search.
    pub per_dollar: f64,
}

/// What a member is made for.
#[derive(Clone, Debug)]
pub struct Target {
    /// The device; the built-in simulator has no noise and no price.
    pub device: &'static Device,
    /// Fee of a task and of a shot, and what it packs.
    pub tariff: Option<(Money, Money, SetLimit)>,
}

/// Circuits that were evaluated: what a device would be paid for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Effort {
    /// Steps that wait for each other.
    pub steps: u64,
    /// Circuits.
    pub circuits: u64,
}

/// One training of a member.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Run {
    /// Loss at its start, without noise.
    pub began: f64,
    /// Loss of its best, without noise.
    pub loss: f64,
    /// Loss of its best under the noise of the target, where it is known.
    pub noisy: Option<f64>,
    /// What it took.
    pub effort: Effort,
}

/// The best member for a target, and what it came to.
#[derive(Clone, Debug)]
pub struct Special {
    /// For which.
    pub target: Target,
    /// The member that came out best under noise, of all seeds.
    pub member: Member,
    /// Two-qubit gates.
    pub entangling: u32,
    /// Where it stands on the device.
    pub place: Vec<u32>,
    /// Price of one evaluation with an error as without noise.
    pub price: Option<Money>,
    /// Evaluations of the search, by seed.
    pub search: Vec<Effort>,
    /// The training of that member from the shared weights, to be kept.
    pub kept: (Definition, State),
    /// From the shared weights, one for each seed.
    pub warm: Vec<Run>,
    /// From zero, one for each seed.
    pub cold: Vec<Run>,
}

/// Everything that came out.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What the shared weights took, by seed.
    pub source: Vec<Effort>,
    /// One for each target.
    pub targets: Vec<Special>,
}

/// A family with what is asked of it.
pub struct Specialist<'a> {
    family: &'a Family,
    objective: &'a Objective,
    /// The same on one fixed batch of points that the search looks at.
    looked_at: Objective,
    rules: Rules,
    /// Rows of shots of one value at one point.
    groups: u64,
    /// Points of a step.
    batch: u64,
    /// Weights before the angles.
    before: usize,
}

/// Points of data that the search looks at.
const LOOK: usize = 50;

impl<'a> Specialist<'a> {
    /// Checks that the family can answer.
    ///
    /// # Errors
    /// What does not fit together.
    pub fn new(family: &'a Family, objective: &'a Objective, rules: Rules) -> Result<Self, TrainError> {
        let whole = Problem::new(&family.text(&family.whole()), objective, rules.seed)?;
        let mut looked_at = objective.clone();
        if let Objective::Classifier { batch, .. } = &mut looked_at {
            *batch = LOOK;
        }
        let before = whole.layers().map_or(0, |l| l.encoded * (l.features + 1));
        let (groups, batch) = (whole.measured()?.n_groups() as u64, whole.batch_size() as u64);
        Ok(Self { family, objective, looked_at, rules, groups, batch, before })
    }

    /// Trains the shared weights, then finds and tunes a member for each target.
    ///
    /// # Errors
    /// The simulator's; a target that no member fits; `stop` ends it early with
    /// [`SimError::Stopped`].
    pub fn specialize(&self, targets: &[Target], stop: &dyn Fn() -> bool) -> Result<Outcome, TrainError> {
        let seeds = (0..self.rules.seeds).map(|n| self.rules.seed.wrapping_add(n));
        let mut shared = Vec::new();
        for seed in seeds.clone() {
            shared.push(self.share(seed, stop)?);
        }
        let mut out = Outcome { source: shared.iter().map(|s| s.1).collect(), targets: Vec::new() };
        for target in targets {
            let mut found: Vec<(Member, Effort, Run, Definition, State)> = Vec::new();
            let mut cold = Vec::new();
            for (seed, (weights, _)) in seeds.clone().zip(&shared) {
                let (member, search) = self.search(seed, weights, target, stop)?;
                let (run, definition, state) = self.run(&member, Some(weights), seed, target)?;
                cold.push(self.run(&member, None, seed, target)?.0);
                found.push((member, search, run, definition, state));
            }
            let warm: Vec<Run> = found.iter().map(|f| f.2).collect();
            let search = found.iter().map(|f| f.1).collect();
            let loss = |run: &Run| run.noisy.unwrap_or(run.loss);
            let best = found.into_iter().min_by(|a, b| loss(&a.2).total_cmp(&loss(&b.2)));
            let none = || TrainError::Data("at least one seed is needed".to_owned());
            let (member, _, _, definition, state) = best.ok_or_else(none)?;
            out.targets.push(Special {
                target: target.clone(),
                entangling: self.family.entangling(&member),
                place: self.family.place(&member, target.device).unwrap_or_default(),
                price: self.price(&definition.circuit, target)?,
                kept: (definition, state),
                search,
                warm,
                cold,
                member,
            });
        }
        Ok(out)
    }

    /// Weights of a member among the shared ones.
    fn view(&self, member: &Member) -> impl Fn(&[f64]) -> Vec<f64> + use<> {
        let at = self.places(member);
        move |weights| at(weights.len()).into_iter().map(|i| weights[i]).collect()
    }

    fn places(&self, member: &Member) -> impl Fn(usize) -> Vec<usize> + use<> {
        let (before, all, own) = (self.before, self.family.angles(), self.family.angles_of(member));
        move |n| (0..before).chain(own.iter().map(|a| before + a)).chain(before + all..n).collect()
    }

    /// Circuits of a step with derivatives by the shift rule.
    fn circuits(&self, member: &Member) -> u64 {
        let encoded = if self.family.features { self.family.qubits as usize } else { 0 };
        let shifts = 2 * (self.family.angles_of(member).len() + encoded) as u64;
        (1 + shifts) * self.groups * self.batch
    }

    fn share(&self, seed: u64, stop: &dyn Fn() -> bool) -> Result<(Vec<f64>, Effort), TrainError> {
        let mut rng = Rng::new(seed);
        let whole = self.family.whole();
        let mut weights = Problem::new(&self.family.text(&whole), self.objective, seed)?.start(seed);
        let mut adam = Adam::new(0.05, (0.9, 0.999), weights.len());
        let mut effort = Effort::default();
        let mut gradient = vec![0.0; weights.len()];
        for step in 0..self.rules.steps {
            if stop() {
                return Err(TrainError::Simulation(SimError::Stopped));
            }
            let member = if step % WHOLE_EVERY == 0 { whole.clone() } else { self.family.random(&mut rng) };
            let problem = Problem::new(&self.family.text(&member), self.objective, seed)?;
            let mut on = problem.exact(&Options::default())?;
            let places = self.places(&member)(weights.len());
            let at: Vec<f64> = places.iter().map(|&i| weights[i]).collect();
            let answer = problem.answer_exactly(&mut on, &Ask::Gradient { at, shots: None }, step)?;
            gradient.fill(0.0);
            places.iter().zip(&answer.gradient).for_each(|(&i, g)| gradient[i] = *g);
            // What the member does not have must not move by the memory of others, nor lose its own.
            adam.step_where(&mut weights, &gradient, &|i| places.binary_search(&i).is_ok());
            effort.steps += 1;
            effort.circuits += self.circuits(&member);
        }
        Ok((weights, effort))
    }

    /// The member with the least loss under the noise of the target plus what its dollars weigh.
    fn search(
        &self,
        seed: u64,
        weights: &[f64],
        target: &Target,
        stop: &dyn Fn() -> bool,
    ) -> Result<(Member, Effort), TrainError> {
        let mut rng = Rng::new(seed ^ 0x5eed);
        let mut scores: BTreeMap<Member, f64> = BTreeMap::new();
        let mut effort = Effort::default();
        let whole = self.family.whole();
        let mut herd: Vec<Member> = (1..=whole.layers.len())
            .flat_map(|n| [true, false].map(|z| Member { with_rz: z, layers: whole.layers[..n].to_vec() }))
            .filter(|m| self.family.place(m, target.device).is_some())
            .collect();
        herd.truncate(POPULATION);
        while herd.len() < POPULATION {
            herd.push(self.placed(target, &mut rng, |rng| self.family.random(rng))?);
        }
        for _ in 0..=self.rules.generations {
            for member in &herd {
                if stop() {
                    return Err(TrainError::Simulation(SimError::Stopped));
                }
                if !scores.contains_key(member) {
                    let score = self.score(member, weights, target)?;
                    scores.insert(member.clone(), score);
                    effort.steps += 1;
                    effort.circuits += self.groups * self.points();
                }
            }
            herd.sort_by(|a, b| scores[a].total_cmp(&scores[b]).then_with(|| a.cmp(b)));
            herd.dedup();
            herd.truncate(PARENTS);
            let parents = herd.clone();
            let some = |rng: &mut Rng| parents[rng.below(parents.len() as u64) as usize].clone();
            while herd.len() < POPULATION {
                let child = self.placed(target, &mut rng, |rng| {
                    let (a, b) = (some(rng), some(rng));
                    self.family.mutated(&Family::crossed(&a, &b, rng), rng)
                })?;
                herd.push(child);
            }
        }
        let best = scores.into_iter().min_by(|a, b| a.1.total_cmp(&b.1));
        let none = || TrainError::Data(format!("no member was tried on {}", target.device.name));
        Ok((best.ok_or_else(none)?.0, effort))
    }

    /// A member with a place on the target, by a few tries; without pairs it always has one.
    fn placed(
        &self,
        target: &Target,
        rng: &mut Rng,
        mut make: impl FnMut(&mut Rng) -> Member,
    ) -> Result<Member, TrainError> {
        let mut member = make(rng);
        for _ in 0..20 {
            if self.family.place(&member, target.device).is_some() {
                return Ok(member);
            }
            member = make(rng);
        }
        member.layers.iter_mut().for_each(|l| *l = 0);
        match self.family.place(&member, target.device) {
            Some(_) => Ok(member),
            None => Err(TrainError::Data(format!(
                "{} has {} qubits; {} are needed",
                target.device.name, target.device.n_qubits, self.family.qubits
            ))),
        }
    }

    fn points(&self) -> u64 {
        match &self.looked_at {
            Objective::Classifier { data, .. } => LOOK.min(data.train_x.len()) as u64,
            _ => 1,
        }
    }

    fn score(&self, member: &Member, weights: &[f64], target: &Target) -> Result<f64, TrainError> {
        let at = self.view(member)(weights);
        let text = self.family.text(member);
        let loss = match self.under_noise(&text, &at, target)? {
            Some(noisy) => noisy,
            None => self.looked(&text, &at, None)?,
        };
        let dollars = self.price(&text, target)?.map_or(0.0, |m| m.nanos() as f64 / 1e9);
        Ok(loss + self.rules.per_dollar * dollars)
    }

    /// Loss under the published noise of the target; `None` where nothing is published.
    fn under_noise(&self, text: &str, at: &[f64], target: &Target) -> Result<Option<f64>, TrainError> {
        noise_model::of_device(target.device).map(|known| self.looked(text, at, Some(known))).transpose()
    }

    fn looked(&self, text: &str, at: &[f64], noise: Option<&Fidelities>) -> Result<f64, TrainError> {
        let problem = Problem::new(text, &self.looked_at, self.rules.seed)?;
        let mut on = match noise {
            Some(known) => problem.exact_under(&known.model())?,
            None => problem.exact(&Options::default())?,
        };
        let ask = Ask::Values(vec![at.to_vec()]);
        Ok(problem.answer_exactly(&mut on, &ask, 0)?.values[0])
    }

    /// One evaluation at one point, with shots for the error that it would have without noise: what
    /// is left of a signal counts squared.
    fn price(&self, text: &str, target: &Target) -> Result<Option<Money>, TrainError> {
        let Some((task_fee, shot_fee, set)) = target.tariff else { return Ok(None) };
        let left = match noise_model::of_device(target.device) {
            Some(known) => 1.0 - known.expected_error(&circuit(text)?),
            None => 1.0,
        };
        let shots = (self.rules.shots as f64 / (left * left).max(1e-6)).ceil() as u64;
        let work = Work { iterations: 1, circuits: self.groups, shots };
        Ok(bill(work, set, task_fee, shot_fee).and_then(|b| b.total()).ok())
    }

    /// Trains a member until a plateau, from shared weights or from zero.
    fn run(
        &self,
        member: &Member,
        shared: Option<&Vec<f64>>,
        seed: u64,
        target: &Target,
    ) -> Result<(Run, Definition, State), TrainError> {
        let text = self.family.text(member);
        let problem = Problem::new(&text, self.objective, seed)?;
        let mut on = problem.exact(&Options::default())?;
        let start = match shared {
            Some(weights) => self.view(member)(weights),
            None => problem.start(seed),
        };
        let began = problem.loss_exactly(&mut on, &start)?;
        let definition = Definition {
            name: String::new(),
            circuit: text.clone(),
            circuit_sha256: String::new(),
            objective: self.objective.clone(),
            objective_sha256: String::new(),
            device: "local".to_owned(),
            shots: None,
            noise_from: None,
            optimizer: Settings::of(Kind::Adam),
            iterations: self.rules.iterations,
            stop: Stop::PLATEAU,
            seed,
            start,
            from: shared.map(|_| "shared weights".to_owned()),
            fee_in_shots: 0.0,
        };
        let mut state = definition.begin(&problem)?;
        loop {
            let ask = state.ask();
            if ask == Ask::Nothing {
                break;
            }
            let answer = problem.answer_exactly(&mut on, &ask, u64::from(state.iteration))?;
            state.tell(&definition, &answer, Used::default());
        }
        let steps = u64::from(state.iteration);
        let run = Run {
            began,
            loss: problem.loss_exactly(&mut on, &state.best)?,
            noisy: self.under_noise(&text, &state.best, target)?,
            effort: Effort { steps, circuits: steps * self.circuits(member) },
        };
        Ok((run, definition, state))
    }
}

#[cfg(test)]
mod tests;
