use shotbook_sim::target::Catalogue;

use super::*;

fn device(name: &str) -> &'static Device {
    Catalogue::embedded().find(name).unwrap()
}

fn target(name: &str) -> Target {
    let tariff = (name != "local")
        .then(|| (Money::from_nanos(300_000_000), Money::from_nanos(1_450_000), Some((100, 1_000_000))));
    Target { device: device(name), tariff }
}

fn rules() -> Rules {
    Rules { steps: 150, generations: 3, iterations: 400, seeds: 2, seed: 1, shots: 1000, per_dollar: 0.0 }
}

/// A chain of three spins in a field: no product state reaches its ground energy.
fn chain() -> Objective {
    Objective::Energy { observable: "-1*ZZI - 1*IZZ - 0.8*XII - 0.8*IXI - 0.8*IIX".to_owned() }
}

#[test]
fn one_set_of_weights_is_worth_something_in_every_member_and_tuning_mends_the_rest() {
    let (family, objective) = (Family::new(3, 2, false, false), chain());
    let specialist = Specialist::new(&family, &objective, rules()).unwrap();
    let out = specialist.specialize(&[target("local"), target("garnet")], &|| false).unwrap();
    let ground =
        shotbook_sim::pauli::PauliSum::parse("-1*ZZI - 1*IZZ - 0.8*XII - 0.8*IXI - 0.8*IIX").unwrap();
    let ground = ground.ground_energy().unwrap();
    assert_eq!((out.source.len(), out.targets.len()), (2, 2));
    for special in &out.targets {
        for run in &special.warm {
            assert!(run.began < -1.5, "inherited weights know something: {run:?}");
            assert!(run.loss <= run.began + 1e-9 && run.loss >= ground - 1e-9, "{run:?} {ground}");
        }
        let best = special.warm.iter().map(|r| r.loss).fold(f64::MAX, f64::min);
        assert!(best < ground + 0.05, "{:?} {ground}", special.warm);
        // Groups ZZ and X: two rows a value; an iteration has a row for each of both shifts too.
        let angles = family.angles_of(&special.member).len() as u64;
        let one = 2 * (1 + 2 * angles);
        assert!(special.warm.iter().any(|r| r.effort.circuits == r.effort.steps * one), "{:?}", special.warm);
        assert_eq!(special.place.len(), 3);
    }
    let (ideal, noisy) = (&out.targets[0], &out.targets[1]);
    assert!(ideal.warm[0].noisy.is_none() && ideal.price.is_none());
    let under = noisy.warm[0].noisy.unwrap();
    assert!(
        under > noisy.warm[0].loss && under < noisy.warm[0].loss + 0.5,
        "noise lifts the energy: {under}"
    );
    assert!(noisy.price.unwrap() > Money::from_nanos(300_000_000 + 2_000 * 1_450_000));
}

#[test]
fn dollars_in_the_score_choose_a_circuit_with_fewer_gates() {
    let (family, objective) = (Family::new(3, 3, true, false), chain());
    let gates = |per_dollar: f64| {
        let rules = Rules { per_dollar, seeds: 1, ..rules() };
        let specialist = Specialist::new(&family, &objective, rules).unwrap();
        let out = specialist.specialize(&[target("forte-1")], &|| false).unwrap();
        out.targets[0].entangling
    };
    let (free, dear) = (gates(0.0), gates(1000.0));
    assert!(dear < free && dear == 0, "{free} {dear}");
}

#[test]
fn the_same_seeds_find_the_same_and_a_stop_is_heard() {
    let (family, objective) = (Family::new(3, 2, false, false), chain());
    let specialist = Specialist::new(&family, &objective, Rules { seeds: 1, ..rules() }).unwrap();
    let once = || specialist.specialize(&[target("garnet")], &|| false).unwrap();
    let (a, b) = (once(), once());
    assert_eq!((&a.targets[0].member, &a.targets[0].warm), (&b.targets[0].member, &b.targets[0].warm));
    assert!(matches!(
        specialist.specialize(&[target("garnet")], &|| true),
        Err(TrainError::Simulation(SimError::Stopped))
    ));
}
