//! Whole lives under one seed: the shipped runner on the stand-in, in process, in virtual time.
//!
//! A seed drives clock, chance, order, and every fault. An auditor that sees only requests and
//! replies says what the books must hold. Source: the reliability contract, sections 1, 6 and 8 (T2, T3).

mod auditor;
mod books;
mod plants;
mod play;
mod world;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use books::Books;
use plants::{PLANTS, Plant};
use play::{Play, Report};
use world::{FAULTS, Sim};

use crate::store::{MemoryStore, SqliteStore, Store};
use crate::testing::{TestSize, seed_asked};

/// One seed in so many runs on real SQL.
const SQL: u64 = 10;

fn play(seed: u64, plant: Option<Plant>, sql: bool) -> Report {
    let sim = Sim::new(seed);
    let memory = PathBuf::from("/dev/shm");
    let parent = if memory.is_dir() { memory } else { std::env::temp_dir() };
    let folder = sql.then(|| tempfile::tempdir_in(parent).unwrap());
    let inner: Box<dyn Store> = match &folder {
        Some(folder) => Box::new(SqliteStore::open(&folder.path().join("store.sqlite")).unwrap()),
        None => Box::new(MemoryStore::new("s_simulated")),
    };
    let books = Books { sim: &sim, inner, plant };
    Play::new(&sim, &books).run()
}

fn replay(seed: u64) -> String {
    format!("SHOTBOOK_SEED={seed} cargo test -p shotbook --lib simulation::one_seed -- --nocapture")
}

#[test]
fn seeds_lose_nothing_and_pay_nothing_twice() {
    let seeds = match TestSize::asked() {
        TestSize::Small => 300,
        TestSize::Gate => 10_000,
        TestSize::Release => 200_000,
    };
    let next = AtomicU64::new(0);
    let work = || {
        let mut counts: BTreeMap<&'static str, u64> = BTreeMap::new();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds {
                return counts;
            }
            let report = play(seed, None, seed.is_multiple_of(SQL));
            assert!(
                report.wrong.is_none(),
                "seed {seed}: {}\n{}",
                report.wrong.unwrap_or_default(),
                replay(seed)
            );
            for (fault, n) in report.counts {
                *counts.entry(fault).or_default() += n;
            }
        }
    };
    let counts = std::thread::scope(|scope| {
        let (a, b) = (scope.spawn(work), scope.spawn(work));
        let mut counts = a.join().unwrap();
        for (fault, n) in b.join().unwrap() {
            *counts.entry(fault).or_default() += n;
        }
        counts
    });
    for fault in FAULTS {
        assert!(counts.contains_key(fault), "{fault} never happened: {counts:?}");
    }
}

#[test]
fn the_same_seed_is_the_same_run() {
    for seed in 0..20 {
        assert_eq!(play(seed, None, false).trace, play(seed, None, false).trace, "seed {seed}");
    }
    assert_ne!(play(1, None, false).trace, play(2, None, false).trace);
}

#[test]
fn one_seed() {
    let seed = seed_asked().unwrap_or(0);
    let report = play(seed, None, seed.is_multiple_of(SQL));
    assert!(report.wrong.is_none(), "seed {seed}: {:?}\n{}", report.wrong, report.story.join("\n"));
}

#[test]
fn every_planted_bug_is_caught() {
    let work = |half: usize| {
        let mine = PLANTS.iter().skip(half).step_by(2);
        let survives =
            |plant: &&Plant| !(0..2_000).any(|seed| play(seed, Some(**plant), false).wrong.is_some());
        mine.filter(survives).collect::<Vec<_>>()
    };
    let survived = std::thread::scope(|scope| {
        let (a, b) = (scope.spawn(|| work(0)), scope.spawn(|| work(1)));
        [a.join().unwrap(), b.join().unwrap()].concat()
    });
    assert!(survived.is_empty(), "nothing noticed {survived:?}");
}
