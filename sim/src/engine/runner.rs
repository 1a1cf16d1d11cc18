//! One circuit on one engine: numbers bound to angles, plans kept between runs, branches walked.
//!
//! A run walks the instructions once for all shots. Where an outcome is drawn, the shots are split
//! over the outcomes; each outcome that got any goes on alone, the last in place, the others from
//! a copy taken there. Without shots every possible outcome is walked with its probability.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::circuit::classical::{EvalError, Memory};
use crate::circuit::{Angle, Circuit, MatrixId, Op};
use crate::diagnostic::Span;
use crate::engine::model::{Action, Engine, Kraus, Operators, Weights};
use crate::engine::{Options, SimError};
use crate::limits;
use crate::noise::Channel;
use crate::plan::code::{self, Code, Inst};
use crate::plan::{Segment, check};
use crate::sample::Rng;

/// Outcomes less likely than this are left out of exact answers.
const NEGLIGIBLE: f64 = 1e-15;
/// Ends of branches that an exact answer may add up.
const EXACT_LEAVES: u64 = 1 << 16;

/// What a branch stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Share {
    /// This many shots.
    Shots(u64),
    /// This probability.
    Weight(f64),
}

/// An instruction made ready for the engine.
enum Loaded<P> {
    /// Nothing to prepare.
    Plain,
    /// Unitary operations.
    Plan(P),
    /// Unitary operations whose angles depend on what a branch remembers: planned when reached.
    Late,
    /// A channel, measurement or reset.
    Action(Action),
}

/// One piece of a circuit in which nothing branches.
pub(crate) enum Piece<'a, P> {
    /// Unitary operations.
    Plan(&'a P),
    /// A channel, measurement or reset, with the bit that takes the outcome.
    Action(&'a Action, Option<u32>),
}

/// A circuit on an engine.
pub(crate) struct Runner<E: Engine> {
    pub(crate) engine: E,
    pub(crate) circuit: Circuit,
    pub(crate) code: Code,
    angles: Vec<f64>,
    /// Memory before the first instruction, inputs filled in.
    pub(crate) blank: Memory,
    loaded: Vec<Loaded<E::Plan>>,
    /// Whether exact answers may forget outcomes: the engine holds mixtures and nothing reads bits.
    forgets: bool,
}

/// Channels met so far; a few kinds stand in thousands of places.
type Known = Vec<(Channel, Vec<f64>, Arc<Operators>)>;

/// Channels that are looked through for one that is known.
const RECENT: usize = 16;

/// One end of a run.
pub(crate) struct Leaf<'s, S> {
    pub(crate) state: &'s mut S,
    pub(crate) memory: &'s Memory,
    pub(crate) share: Share,
}

/// Shots, or a probability, on their way through the instructions.
struct Branch<S> {
    at: usize,
    memory: Memory,
    state: S,
    share: Share,
    rounds: u64,
    /// Every outcome since the start, and how many of them are already taken.
    path: Vec<u16>,
    taken: usize,
    /// Its own numbers, so that branches may run in any order.
    rng: Rng,
}

/// A branch that waits. Without a state it starts again and takes the outcomes of its path.
pub(crate) struct Waiting<S> {
    share: Share,
    path: Vec<u16>,
    rng: Rng,
    resume: Option<(usize, Memory, S, u64)>,
}

#[allow(clippy::type_complexity, reason = "callbacks that are named where they are called")]
impl<E: Engine> Runner<E> {
    pub(crate) fn new(engine: E, circuit: &Circuit, code: Code, forgets: bool) -> Self {
        let blank = Memory::default();
        Self {
            engine,
            circuit: circuit.clone(),
            code,
            angles: Vec::new(),
            blank,
            loaded: Vec::new(),
            forgets,
        }
    }

    /// The number of each angle slot. Units: radians.
    pub(crate) fn angles(&self) -> &[f64] {
        &self.angles
    }

    /// Fills in the inputs; only what depends on them is planned again.
    pub(crate) fn bind(&mut self, inputs: &[f64]) -> Result<(), SimError> {
        let c = &self.circuit;
        if inputs.len() != c.inputs.len() {
            return Err(SimError::Length { what: "inputs", expected: c.inputs.len(), given: inputs.len() });
        }
        let old = std::mem::take(&mut self.angles);
        self.blank = Memory::new(c, inputs);
        self.angles = c
            .angles
            .iter()
            .map(|a| if is_late(c, a) { 0.0 } else { self.blank.angle(c, a).unwrap_or(f64::NAN) })
            .collect();
        let mut known = Vec::new();
        let first = self.loaded.is_empty() && !self.code.insts.is_empty();
        for at in 0..self.code.insts.len() {
            if first {
                let loaded = self.load(at, &mut known)?;
                self.loaded.push(loaded);
            } else if self.changed(at, &old) {
                self.loaded[at] = self.load(at, &mut known)?;
            }
        }
        Ok(())
    }

    /// The bound circuit in order, final measurements left out; none where a later instruction may
    /// depend on an outcome.
    pub(crate) fn straight(&self) -> Option<Vec<Piece<'_, E::Plan>>> {
        let mut out = Vec::with_capacity(self.loaded.len());
        for (inst, loaded) in self.code.insts.iter().zip(&self.loaded) {
            match (inst, loaded) {
                (_, Loaded::Plan(plan)) => out.push(Piece::Plan(plan)),
                (Inst::Measure { bit, .. }, Loaded::Action(action)) => out.push(Piece::Action(action, *bit)),
                (_, Loaded::Action(action)) => out.push(Piece::Action(action, None)),
                (Inst::Measure { terminal: true, .. }, Loaded::Plain) => {}
                _ => return None,
            }
        }
        Some(out)
    }

    fn changed(&self, at: usize, old: &[f64]) -> bool {
        let differs = |first: usize, n: usize| self.angles[first..first + n] != old[first..first + n];
        match &self.code.insts[at] {
            Inst::Unitary { block, start, end } => {
                code::block(&self.circuit, *block).ops[*start..*end].iter().any(|op| match op {
                    Op::Gate(g) => differs(g.angles as usize, usize::from(g.gate.row().n_angles)),
                    _ => false,
                })
            }
            Inst::Noise(Op::Noise { channel, params, .. }) => {
                differs(*params as usize, usize::from(channel.row().n_params))
            }
            _ => false,
        }
    }

    fn load(&self, at: usize, known: &mut Known) -> Result<Loaded<E::Plan>, SimError> {
        let span = self.code.spans[at];
        Ok(match &self.code.insts[at] {
            Inst::Unitary { block, start, end } => {
                let block = code::block(&self.circuit, *block);
                let ops = &block.ops[*start..*end];
                if ops.iter().any(|op| slots(op).any(|i| is_late(&self.circuit, &self.circuit.angles[i]))) {
                    return Ok(Loaded::Late);
                }
                let spans = &block.spans[*start..*end];
                let segment = Segment { circuit: &self.circuit, ops, spans, angles: &self.angles };
                check_angles(&segment)?;
                Loaded::Plan(self.engine.plan(&segment)?)
            }
            Inst::Measure { terminal: true, .. } => Loaded::Plain,
            Inst::Measure { qubit, .. } => Loaded::Action(Action::Measure(*qubit)),
            Inst::Reset { qubit } => Loaded::Action(Action::Reset(*qubit)),
            Inst::Noise(op) => Loaded::Action(Action::Channel(self.kraus(op, span, known)?)),
            Inst::Assign { .. } | Inst::Unless { .. } | Inst::Jump(_) => Loaded::Plain,
        })
    }

    fn kraus(&self, op: &Op, span: Span, known: &mut Known) -> Result<Kraus, SimError> {
        let c = &self.circuit;
        let qubits = code::qubits_of(c, op).iter().copied().collect();
        let operators = match op {
            Op::Noise { channel, params, .. } => {
                let first = *params as usize;
                let params = &self.angles[first..first + usize::from(channel.row().n_params)];
                check::probabilities(*channel, params, span)?;
                let same = known.iter().rev().take(RECENT).find(|k| k.0 == *channel && k.1 == params);
                if let Some((.., of)) = same {
                    return Ok(Kraus { qubits, of: Arc::clone(of) });
                }
                let of = Arc::new(Operators::new((channel.row().kraus)(params)));
                known.push((*channel, params.to_vec(), Arc::clone(&of)));
                return Ok(Kraus { qubits, of });
            }
            Op::Kraus { first, count, .. } => (0..u32::from(*count))
                .map(|k| c.matrices[MatrixId(first.0 + k).0 as usize].entries.clone())
                .collect(),
            _ => Vec::new(),
        };
        Ok(Kraus { qubits, of: Arc::new(Operators::new(operators)) })
    }

    fn start(&self, share: Share, path: Vec<u16>, rng: Rng) -> Branch<E::State> {
        let memory = self.blank.clone();
        Branch { at: 0, memory, state: self.engine.zero(), share, rounds: 0, path, taken: 0, rng }
    }

    /// How many states may wait: one is being evolved by each of some threads and one more may be
    /// wanted by a result.
    pub(crate) fn room(&self, options: &Options<'_>, threads: usize) -> usize {
        let states = options.max_memory / self.engine.state_bytes().max(1);
        states.saturating_sub(2 * threads as u64) as usize
    }

    /// What waits before anything has begun.
    pub(crate) fn root(share: Share, rng: Rng) -> Waiting<E::State> {
        Waiting { share, path: Vec::new(), rng, resume: None }
    }

    /// Walks every branch that has a share and calls `end` at the end of each.
    pub(crate) fn walk(
        &self,
        share: Share,
        rng: &mut Rng,
        options: &Options<'_>,
        end: &mut dyn FnMut(Leaf<'_, E::State>, &mut Rng) -> Result<(), SimError>,
    ) -> Result<(), SimError> {
        let room = self.room(options, 1);
        let mut waiting = vec![Self::root(share, rng.clone())];
        let kept = AtomicUsize::new(0);
        let mut leaves = 0;
        while let Some(next) = waiting.pop() {
            self.follow(next, options, (&kept, room), &mut waiting, end)?;
            leaves += 1;
            if matches!(share, Share::Weight(_)) && leaves + waiting.len() as u64 > EXACT_LEAVES {
                return Err(SimError::Limit {
                    what: "branches in an exact answer; ask for shots",
                    limit: EXACT_LEAVES,
                    span: None,
                });
            }
        }
        Ok(())
    }

    /// Takes what waits to its end; branches that part from it go to `waiting`, with a copy of the
    /// state while fewer are kept than there is room for.
    pub(crate) fn follow(
        &self,
        next: Waiting<E::State>,
        options: &Options<'_>,
        (kept, room): (&AtomicUsize, usize),
        waiting: &mut Vec<Waiting<E::State>>,
        end: &mut dyn FnMut(Leaf<'_, E::State>, &mut Rng) -> Result<(), SimError>,
    ) -> Result<(), SimError> {
        let mut branch = match next.resume {
            Some((at, memory, state, rounds)) => {
                kept.fetch_sub(1, Ordering::Relaxed);
                let taken = next.path.len() - 1;
                let (share, path, rng) = (next.share, next.path, next.rng);
                Branch { at, memory, state, share, rounds, path, taken, rng }
            }
            None => self.start(next.share, next.path, next.rng),
        };
        self.go(&mut branch, options, &mut |branch, share, outcome, rng| {
            let mut path = branch.path.clone();
            path.push(outcome);
            let resume = (kept.fetch_add(1, Ordering::Relaxed) < room).then(|| {
                (branch.at - 1, branch.memory.clone(), self.engine.copy(&branch.state), branch.rounds)
            });
            if resume.is_none() {
                kept.fetch_sub(1, Ordering::Relaxed);
            }
            waiting.push(Waiting { share, path, rng, resume });
        })?;
        self.engine.settle(&mut branch.state);
        end(Leaf { state: &mut branch.state, memory: &branch.memory, share: branch.share }, &mut branch.rng)
    }

    /// Takes a branch to its end; `fork` is told of other outcomes that got a share.
    fn go(
        &self,
        branch: &mut Branch<E::State>,
        options: &Options<'_>,
        fork: &mut dyn FnMut(&Branch<E::State>, Share, u16, Rng),
    ) -> Result<(), SimError> {
        while branch.at < self.code.insts.len() {
            let at = branch.at;
            branch.at += 1;
            match (&self.code.insts[at], &self.loaded[at]) {
                (_, Loaded::Plan(plan)) => self.engine.evolve(&mut branch.state, plan, options)?,
                (inst, Loaded::Action(action)) => self.act(branch, inst, action, fork),
                (inst, Loaded::Late) => {
                    let plan = self.plan_late(inst, &branch.memory, at)?;
                    self.engine.evolve(&mut branch.state, &plan, options)?;
                }
                (Inst::Assign { place, value }, _) => {
                    let done = branch.memory.assign(&self.circuit, *place, *value);
                    done.map_err(|e| self.meaningless(e, at))?;
                }
                (Inst::Unless { condition, target }, _) => {
                    let holds = branch.memory.truth(&self.circuit, *condition);
                    if !holds.map_err(|e| self.meaningless(e, at))? {
                        branch.at = *target;
                    }
                }
                (Inst::Jump(target), _) => {
                    branch.rounds += u64::from(*target <= at);
                    if branch.rounds > limits::LOOP_STEPS {
                        return Err(SimError::Limit {
                            what: "rounds of a loop",
                            limit: limits::LOOP_STEPS,
                            span: Some(self.code.spans[at]),
                        });
                    }
                    branch.at = *target;
                }
                _ => {}
            }
            if options.stopped() {
                return Err(SimError::Stopped);
            }
        }
        Ok(())
    }

    fn act(
        &self,
        branch: &mut Branch<E::State>,
        inst: &Inst,
        action: &Action,
        fork: &mut dyn FnMut(&Branch<E::State>, Share, u16, Rng),
    ) {
        if let (true, Share::Weight(_), Action::Measure(q)) = (self.forgets, branch.share, action) {
            let forgotten = Action::Channel(Kraus::dephase(*q));
            return self.engine.act(&mut branch.state, &forgotten, 0, 1.0);
        }
        let likely = likely(branch, action);
        if let Some(Likely { outcome, open: 0, .. }) = likely {
            // Taken unseen; the norm is made good by the next outcome that is weighed.
            branch.path.push(outcome as u16);
            branch.taken = branch.path.len();
            return self.engine.act(&mut branch.state, action, outcome, 1.0);
        }
        let weights = self.engine.weigh(&mut branch.state, action);
        let outcome = if weights.len() == 1 {
            0
        } else if let Some(&known) = branch.path.get(branch.taken) {
            branch.taken += 1;
            usize::from(known)
        } else {
            choose(branch, &weights, likely, fork)
        };
        self.engine.act(&mut branch.state, action, outcome, weights[outcome]);
        if let (Inst::Measure { bit: Some(bit), .. }, Action::Measure(_)) = (inst, action) {
            branch.memory.set_bit(*bit, outcome == 1);
        }
    }

    fn meaningless(&self, error: EvalError, at: usize) -> SimError {
        SimError::Invalid { reason: error.to_string(), span: Some(self.code.spans[at]) }
    }

    /// The plan of a segment with the angles that this branch gives it.
    fn plan_late(&self, inst: &Inst, memory: &Memory, at: usize) -> Result<E::Plan, SimError> {
        let c = &self.circuit;
        let Inst::Unitary { block, start, end } = inst else {
            return Err(self.meaningless(EvalError::Missing, at));
        };
        let block = code::block(c, *block);
        let ops = &block.ops[*start..*end];
        let mut angles = self.angles.clone();
        for slot in ops.iter().flat_map(slots) {
            angles[slot] = memory.angle(c, &c.angles[slot]).map_err(|e| self.meaningless(e, at))?;
        }
        let segment = Segment { circuit: c, ops, spans: &block.spans[*start..*end], angles: &angles };
        check_angles(&segment)?;
        self.engine.plan(&segment)
    }
}

/// Shots of which most are known to take one outcome before the state is looked at.
#[derive(Clone, Copy)]
struct Likely {
    outcome: usize,
    /// A lower bound of its probability.
    floor: f64,
    /// Shots that drew a number above the bound.
    open: u64,
}

/// Draws how many shots fall past the bound of the likeliest outcome of a channel.
fn likely<S>(branch: &mut Branch<S>, action: &Action) -> Option<Likely> {
    match (action, branch.share) {
        (Action::Channel(kraus), Share::Shots(n)) if branch.taken == branch.path.len() => {
            let (outcome, floor) = kraus.floor?;
            Some(Likely { outcome, floor, open: branch.rng.binomial(n, 1.0 - floor) })
        }
        _ => None,
    }
}

/// Splits the share of a branch over outcomes: the last that gets any is taken, the others forked.
#[allow(clippy::type_complexity, reason = "the callback of `go`")]
fn choose<S>(
    branch: &mut Branch<S>,
    weights: &[f64],
    likely: Option<Likely>,
    fork: &mut dyn FnMut(&Branch<S>, Share, u16, Rng),
) -> usize {
    let total: f64 = weights.iter().sum();
    let parts: Vec<Share> = match (branch.share, likely) {
        (Share::Shots(n), Some(Likely { outcome, floor, open })) => {
            let mut rest: Weights = weights.into();
            rest[outcome] = (rest[outcome] - floor * total).max(0.0);
            let mut parts = branch.rng.multinomial(open, &rest);
            parts[outcome] += n - open;
            parts.into_iter().map(Share::Shots).collect()
        }
        (Share::Shots(n), None) => branch.rng.multinomial(n, weights).into_iter().map(Share::Shots).collect(),
        (Share::Weight(w), _) => weights.iter().map(|x| Share::Weight(w * x / total)).collect(),
    };
    let some = |share: &Share| match *share {
        Share::Shots(n) => n > 0,
        Share::Weight(w) => w > NEGLIGIBLE,
    };
    let last = parts.iter().rposition(some).unwrap_or(0);
    for (outcome, &part) in parts[..last].iter().enumerate().filter(|(_, p)| some(p)) {
        let rng = Rng::new(branch.rng.bits());
        fork(branch, part, outcome as u16, rng);
    }
    branch.share = parts[last];
    branch.path.push(last as u16);
    branch.taken = branch.path.len();
    last
}

/// Angle slots of an operation.
fn slots(op: &Op) -> std::ops::Range<usize> {
    match op {
        Op::Gate(g) => g.angles as usize..g.angles as usize + usize::from(g.gate.row().n_angles),
        _ => 0..0,
    }
}

/// Whether an angle depends on bits or variables of the shot.
fn is_late(circuit: &Circuit, angle: &Angle) -> bool {
    matches!(angle, Angle::Expr(id) if circuit.exprs.depends_on_shot(*id))
}

/// Refuses an angle that is not a number.
fn check_angles(segment: &Segment<'_>) -> Result<(), SimError> {
    for (op, &span) in segment.ops.iter().zip(segment.spans) {
        if let Op::Gate(g) = op {
            let first = g.angles as usize;
            let angles = &segment.angles[first..first + usize::from(g.gate.row().n_angles)];
            if !angles.iter().all(|a| a.is_finite()) {
                return Err(SimError::Invalid { reason: "the angle is not finite".into(), span: Some(span) });
            }
        }
    }
    Ok(())
}
