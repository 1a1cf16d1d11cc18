//! Branches of shots over threads.
//!
//! Every branch has random numbers of its own, drawn from its parent's when it parts, so that the
//! outcomes do not depend on who walks which branch when.

use std::sync::atomic::AtomicUsize;
use std::sync::{Condvar, Mutex, PoisonError};

use crate::engine::model::Engine;
use crate::engine::runner::{Leaf, Runner, Share, Waiting};
use crate::engine::{Options, SimError};
use crate::sample::Rng;

/// Branches that must wait before more threads are worth their start.
const CROWD: usize = 4;

/// What is done where a branch ends, with the collection of the thread.
pub(crate) type End<'a, S, A> = dyn Fn(Leaf<'_, S>, &mut Rng, &mut A) -> Result<(), SimError> + Sync + 'a;

/// What the threads share.
struct Board<S> {
    waiting: Vec<Waiting<S>>,
    busy: usize,
    failed: Option<SimError>,
}

/// Walks every branch of some shots; each thread collects what its branches end in.
///
/// # Errors
/// The first that any branch meets.
pub(crate) fn walk<E: Engine, A: Default + Send>(
    runner: &Runner<E>,
    shots: u64,
    rng: Rng,
    options: &Options<'_>,
    end: &End<'_, E::State, A>,
) -> Result<Vec<A>, SimError> {
    let threads = options.threads.max(1);
    let (room, kept) = (runner.room(options, threads), AtomicUsize::new(0));
    let mut waiting = vec![Runner::<E>::root(Share::Shots(shots), rng)];
    let mut first = A::default();
    while let Some(next) = waiting.pop() {
        runner.follow(next, options, (&kept, room), &mut waiting, &mut |leaf, rng| {
            end(leaf, rng, &mut first)
        })?;
        if threads > 1 && waiting.len() >= CROWD {
            break;
        }
    }
    if waiting.is_empty() {
        return Ok(vec![first]);
    }
    let board = Mutex::new(Board { waiting, busy: 0, failed: None });
    let news = Condvar::new();
    let work = |mut own: A| {
        while let Some(next) = take(&board, &news) {
            let mut parted = Vec::new();
            let done = runner
                .follow(next, options, (&kept, room), &mut parted, &mut |leaf, rng| end(leaf, rng, &mut own));
            let mut board = board.lock().unwrap_or_else(PoisonError::into_inner);
            board.busy -= 1;
            board.waiting.append(&mut parted);
            if let Err(error) = done {
                board.failed.get_or_insert(error);
            }
            news.notify_all();
        }
        own
    };
    let all: Vec<A> = std::thread::scope(|scope| {
        let helpers: Vec<_> = (1..threads).map(|_| scope.spawn(|| work(A::default()))).collect();
        let mut all = vec![work(first)];
        for helper in helpers {
            match helper.join() {
                Ok(own) => all.push(own),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    });
    match board.into_inner().unwrap_or_else(PoisonError::into_inner).failed {
        Some(error) => Err(error),
        None => Ok(all),
    }
}

/// The next branch; `None` when no more can come.
fn take<S>(board: &Mutex<Board<S>>, news: &Condvar) -> Option<Waiting<S>> {
    let mut board = board.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        if board.failed.is_some() {
            return None;
        }
        if let Some(next) = board.waiting.pop() {
            board.busy += 1;
            return Some(next);
        }
        if board.busy == 0 {
            return None;
        }
        board = news.wait(board).unwrap_or_else(PoisonError::into_inner);
    }
}
