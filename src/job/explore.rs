//! Every interleaving of two runners, a lossy network and AWS on one job, breadth first.
//!
//! The explorer drives the shipped [`duty`] and [`apply`]. It must find nothing wrong with them,
//! and must find something wrong with each broken variant, or it proves nothing.
//! Source: the reliability contract, sections 1, 2 and 8 (T1), assumptions A1 to A5.

pub(super) mod model;
mod variants;

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use model::{Step, World};
use variants::Rules;

use crate::testing::TestSize;

/// What a search found.
struct Found {
    states: usize,
    /// The first bad state's history and what is bad about it.
    bad: Option<(Vec<Step>, &'static str)>,
}

/// Visits every state that `rules` allow, or stops at the first bad one.
fn explore(rules: Rules, n_runners: usize, last_tick: u8) -> Found {
    let hasher = RandomState::new();
    let mut seen: HashSet<u64> = HashSet::new();
    // Parents by index, so that a bad state tells its story without every state carrying one.
    let mut trail: Vec<(u32, Step)> = vec![(0, ("start", 0))];
    let mut level = vec![(World::new(n_runners, last_tick), 0u32)];
    let mut key = Vec::new();
    while !level.is_empty() {
        let mut next_level = Vec::new();
        for (world, at) in level {
            for (label, next) in world.successors(&rules) {
                key.clear();
                next.encode(&mut key);
                if !seen.insert(hasher.hash_one(&key)) {
                    continue;
                }
                trail.push((at, label));
                let index = (trail.len() - 1) as u32;
                if let Some(wrong) = next.wrong() {
                    return Found { states: seen.len(), bad: Some((story(&trail, index), wrong)) };
                }
                next_level.push((next, index));
            }
        }
        level = next_level;
    }
    Found { states: seen.len(), bad: None }
}

fn story(trail: &[(u32, Step)], mut index: u32) -> Vec<Step> {
    let mut steps = Vec::new();
    while index != 0 {
        let (parent, label) = &trail[index as usize];
        steps.push(*label);
        index = *parent;
    }
    steps.reverse();
    steps
}

fn assert_sound(n_runners: usize, last_tick: u8, at_least: usize) {
    let found = explore(Rules::shipped(), n_runners, last_tick);
    assert!(found.bad.is_none(), "{:#?}", found.bad);
    assert!(found.states >= at_least, "only {} states: the model has lost its freedom", found.states);
}

#[test]
fn one_runner_never_pays_twice() {
    assert_sound(1, 4, 100_000);
}

#[test]
fn two_runners_never_pay_twice() {
    // At full size 3,251,915 states; the small one still lets every variant below break.
    match TestSize::asked() {
        TestSize::Small => assert_sound(2, 2, 100_000),
        TestSize::Gate | TestSize::Release => assert_sound(2, 4, 3_000_000),
    }
}

#[test]
fn every_broken_variant_is_caught() {
    for (name, rules, n_runners) in variants::broken() {
        let found = explore(rules, n_runners, 4);
        let Some((steps, wrong)) = found.bad else {
            panic!("{name} survived {} states with {n_runners} runners", found.states);
        };
        assert!(steps.len() < 20, "{name}: {wrong} only after {steps:?}");
    }
}
