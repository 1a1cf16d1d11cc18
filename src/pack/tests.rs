use proptest::prelude::*;
use shotbook_sim::target::Catalogue;

use super::*;
use crate::price::{PriceList, Rate};

fn body(bytes: u64) -> Body {
    Body { bytes, alone: false }
}

fn limits(executables: u64, total_shots: (u64, u64), action_bytes: u64) -> Limits {
    Limits { shots: (1, 1000), set: Some(SetLimits { executables, total_shots }), action_bytes }
}

fn even(n: u32, shots: u64) -> Vec<Point> {
    (0..n).map(|_| Point { circuit: 0, shots, bytes: 20 }).collect()
}

fn cepheus() -> (Limits, Money, Money) {
    let device = Catalogue::embedded().devices().iter().find(|d| d.name == "cepheus").unwrap();
    let Some(Rate::PerShot { task_fee, shot_fee }) = PriceList::embedded().rate("cepheus") else { panic!() };
    (Limits::of(device), task_fee, shot_fee)
}

#[test]
fn five_hundred_points_are_five_sets_on_cepheus() {
    let (limits, task_fee, shot_fee) = cepheus();
    let packing = pack(&even(500, 100), &[body(300)], &limits).unwrap();
    let fees = packing.fees(task_fee, shot_fee).unwrap();
    assert_eq!((packing.tasks.len(), packing.sets()), (5, 5));
    assert_eq!(fees.total().unwrap().to_string(), "22.75");
    assert_eq!(fees.total_single().unwrap().to_string(), "171.25");
}

#[test]
fn edges_of_the_executable_limit() {
    let (limits, ..) = cepheus();
    for (n, tasks) in [(1, 1), (99, 1), (100, 1), (101, 2), (500, 5), (501, 6)] {
        assert_eq!(pack(&even(n, 100), &[body(300)], &limits).unwrap().tasks.len(), tasks, "{n}");
    }
}

#[test]
fn devices_without_sets_take_single_tasks() {
    let device = Catalogue::embedded().devices().iter().find(|d| d.name == "forte-1").unwrap();
    let packing = pack(&even(7, 100), &[body(300)], &Limits::of(device)).unwrap();
    assert_eq!((packing.tasks.len(), packing.sets()), (7, 0));
}

#[test]
fn what_must_stay_alone_does() {
    let alone = Body { bytes: 10, alone: true };
    let packing = pack(&even(4, 10), &[alone], &limits(100, (1, 1000), 5000)).unwrap();
    assert_eq!((packing.tasks.len(), packing.sets()), (4, 0));
}

#[test]
fn shots_above_the_most_are_split_into_the_fewest_executables() {
    let packing = pack(&even(1, 2500), &[body(10)], &limits(100, (1, 10_000), 5000)).unwrap();
    assert_eq!(packing.single_tasks, 3);
    assert_eq!(packing.shots(), 2500);
    // 834 once and 833 twice.
    assert_eq!(packing.tasks.len(), 2);
    let huge = pack(&even(1, u64::MAX), &[body(10)], &limits(100, (1, 10_000), 5000));
    assert_eq!(huge, Err(Misfit::Many(MAX_PARTS)));
}

#[test]
fn too_little_for_a_set_is_bought_singly_or_refused() {
    // A set needs 50 shots: three points of 10 are none.
    let packing = pack(&even(3, 10), &[body(10)], &limits(100, (50, 1000), 5000)).unwrap();
    assert_eq!((packing.tasks.len(), packing.sets()), (3, 0));
    let strict = Limits { shots: (20, 1000), ..limits(100, (50, 1000), 5000) };
    assert_eq!(
        pack(&even(3, 10), &[body(10)], &strict),
        Err(Misfit::Shots { point: 0, shots: 10, least: 20 })
    );
    // Five points of 10 are a set, although none may go alone.
    assert_eq!(pack(&even(5, 10), &[body(10)], &strict).unwrap().tasks.len(), 1);
    assert!(matches!(pack(&even(1, 0), &[body(10)], &strict), Err(Misfit::Shots { .. })));
}

#[test]
fn a_set_gives_up_a_point_so_that_none_is_left_alone() {
    // By size alone the first three share a set and the last, which may not go alone, is left over.
    let bodies = [body(79), body(877), body(486)];
    let sized = |circuit, bytes| Point { circuit, shots: 4, bytes };
    let points = [sized(1, 0), sized(2, 600), sized(0, 11), sized(0, 193)];
    let limits = Limits { shots: (5, 1000), ..limits(4, (1, 16), 2821) };
    assert_eq!(pack(&points, &bodies, &limits).unwrap().tasks.len(), 2);
    // More points than are searched: 5 copies of each fill sets of 4, and none may be left over.
    let many: Vec<Point> = points.iter().copied().cycle().take(17).collect();
    let packing = pack(&many, &bodies, &limits).unwrap();
    assert!(packing.tasks.iter().all(|t| t.points.len() >= 2), "{packing:?}");
    assert_eq!(packing.shots(), 17 * 4);
}

#[test]
fn a_circuit_larger_than_an_action_is_named() {
    let found = pack(&even(2, 10), &[body(9000)], &limits(100, (1, 1000), 5000));
    assert!(matches!(found, Err(Misfit::Bytes { point: 0, .. })));
}

/// The fewest tasks by trying every partition of the points.
fn fewest(points: &[Point], bodies: &[Body], limits: &Limits) -> Option<usize> {
    fn legal(bin: &[usize], points: &[Point], bodies: &[Body], limits: &Limits) -> bool {
        let shots = points[bin[0]].shots;
        if bin.len() == 1 {
            return (limits.shots.0..=limits.shots.1).contains(&shots);
        }
        let Some(set) = limits.set else { return false };
        let mut circuits: Vec<u32> = bin.iter().map(|&p| points[p].circuit).collect();
        circuits.sort_unstable();
        circuits.dedup();
        let text: u64 = circuits.iter().map(|&c| ENVELOPE_BYTES + bodies[c as usize].bytes).sum();
        let total = shots * bin.len() as u64;
        bin.iter().all(|&p| points[p].shots == shots && !bodies[points[p].circuit as usize].alone)
            && bin.len() as u64 <= set.executables
            && (set.total_shots.0..=set.total_shots.1).contains(&total)
            && text + bin.iter().map(|&p| points[p].bytes).sum::<u64>() <= limits.action_bytes
    }
    fn walk(
        at: usize,
        bins: &mut Vec<Vec<usize>>,
        best: &mut Option<usize>,
        job: (&[Point], &[Body], &Limits),
    ) {
        if at == job.0.len() {
            if bins.iter().all(|b| legal(b, job.0, job.1, job.2)) && best.is_none_or(|b| bins.len() < b) {
                *best = Some(bins.len());
            }
            return;
        }
        for i in 0..=bins.len() {
            if i == bins.len() {
                bins.push(vec![at]);
            } else {
                bins[i].push(at);
            }
            walk(at + 1, bins, best, job);
            bins[i].pop();
            bins.retain(|b| !b.is_empty());
        }
    }
    let mut best = None;
    walk(0, &mut Vec::new(), &mut best, (points, bodies, limits));
    best
}

prop_compose! {
    fn small_work()(
        raw in prop::collection::vec((0u32..3, prop::sample::select(vec![4u64, 6, 10]), 0u64..900), 1..8),
        texts in prop::array::uniform3(0u64..900),
        alone in prop::array::uniform3(prop::bool::weighted(0.15)),
        executables in 1u64..5,
        least in 1u64..40,
        above in 1u64..60,
        task_least in 1u64..8,
        action_bytes in 2100u64..4000,
    ) -> (Vec<Point>, Vec<Body>, Limits) {
        let points = raw.iter().map(|&(circuit, shots, bytes)| Point { circuit, shots, bytes }).collect();
        let bodies = texts.iter().zip(alone).map(|(&bytes, alone)| Body { bytes, alone }).collect();
        let set = Some(SetLimits { executables, total_shots: (least, least + above) });
        (points, bodies, Limits { shots: (task_least, 1000), set, action_bytes })
    }
}

proptest! {
    #[test]
    fn small_works_are_packed_as_well_as_by_exhaustive_search((points, bodies, limits) in small_work()) {
        match (pack(&points, &bodies, &limits), fewest(&points, &bodies, &limits)) {
            (Ok(packing), best) => {
                prop_assert_eq!(Some(packing.tasks.len()), best);
                let mut seen = vec![0u64; points.len()];
                for task in &packing.tasks {
                    task.points.iter().for_each(|&p| seen[p as usize] += task.shots_each);
                }
                let asked: Vec<u64> = points.iter().map(|p| p.shots).collect();
                prop_assert_eq!(seen, asked, "each point gets its shots");
            }
            (Err(_), best) => prop_assert_eq!(best, None, "what is refused has no legal packing"),
        }
    }
}
