use std::cell::Cell;

use shotbook_sim::engine::{Options, prepare};

use super::local::sample;
use super::*;
use crate::train;
use crate::train::ansatz;
use crate::train::machine::Stop;
use crate::train::optimizer::{Kind, Settings};
use crate::train::problem::Objective;
use crate::train::problem::Problem;

fn definition(word: &str, shots: Option<u64>) -> (Definition, Problem) {
    let objective = Objective::Energy { observable: "0.4*Z0 + 0.3*Z1 + 0.2*X0 X1".to_owned() };
    let circuit = ansatz::real_amplitudes(2, 1);
    let problem = Problem::new(&circuit, &objective, 1).unwrap();
    let definition = Definition {
        name: "t".to_owned(),
        circuit,
        circuit_sha256: String::new(),
        objective,
        objective_sha256: String::new(),
        device: "local".to_owned(),
        shots,
        noise_from: None,
        optimizer: Settings::of(Kind::named(word).unwrap()),
        iterations: 30,
        stop: Stop::Last,
        seed: 5,
        start: problem.start(5),
        from: None,
        fee_in_shots: 200.0,
    };
    (definition, problem)
}

fn run(trainings: &Trainings, record: &mut Record, problem: &Problem, most: u64) -> Halted {
    let mut local = Local::new(&record.definition, problem, None).unwrap();
    let told = Cell::new(0);
    let stop = || told.get() >= most;
    drive(trainings, record, &mut local, true, &stop, &mut |_| told.set(told.get() + 1)).unwrap()
}

fn without_times(mut state: State) -> State {
    state.used.seconds = 0.0;
    state.history.iter_mut().for_each(|m| m.used.seconds = 0.0);
    state
}

#[test]
fn a_training_cut_anywhere_ends_as_the_whole_one_bit_for_bit() {
    // Asks for the middle of what it was told last; a program with a memory of its own.
    let program = "exec:python3 -c 'import sys,json\nx=json.loads(sys.stdin.readline())[\"start\"]\nfor i in range(20):\n  print(json.dumps({\"ask\":[x,[v+0.1*i for v in x]]}),flush=True)\n  t=json.loads(sys.stdin.readline())[\"tell\"]\n  x=[v+0.1*i*(1 if t[1]<t[0] else -1) for v in x]\n'";
    let program = program.replace("\\n", "\n");
    for (word, shots) in [
        ("adam", None),
        ("lbfgs", None),
        ("cobyla", None),
        ("rotosolve", None),
        ("spsa", Some(50)),
        ("adam", Some(50)),
        ("adaptive", Some(500)),
        (program.as_str(), None),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let trainings = Trainings::beside(&folder.path().join("x.db"));
        let (definition, problem) = definition(word, shots);
        let state = definition.begin(&problem).unwrap();
        let new = |id: &str| {
            trainings.create(id, &definition, &state).unwrap();
            trainings.load(id).unwrap()
        };
        let mut whole = new("t_whole");
        assert!(matches!(run(&trainings, &mut whole, &problem, u64::MAX), Halted::Ended), "{word}");
        assert!(whole.state.step >= 5, "{word}: {:?}", whole.state.end);
        for cut in [1, 4] {
            let id = format!("t_{cut}");
            let mut first = new(&id);
            assert!(matches!(run(&trainings, &mut first, &problem, cut), Halted::Interrupted), "{word}");
            let mut second = trainings.load(&id).unwrap();
            assert_eq!(second.state.step, cut, "{word}");
            run(&trainings, &mut second, &problem, u64::MAX);
            assert_eq!(without_times(second.state), without_times(whole.state.clone()), "{word} {cut}");
        }
        assert_eq!(trainings.find("t").unwrap().id, "t_whole", "the youngest of a name");
        assert!(matches!(trainings.find("none"), Err(TrainingError::Unknown(_))));
    }
}

#[test]
fn shots_are_the_same_for_every_number_of_engines() {
    let (definition, problem) = definition("adam", Some(20));
    let measured = problem.measured().unwrap();
    let circuit = train::circuit(&measured.text).unwrap();
    let rows = problem.rows(&measured, &definition.begin(&problem).unwrap().ask(), 0, 20);
    let counts = |n: usize| {
        let mut on: Vec<_> = (0..n).map(|_| prepare(&circuit, &Options::default()).unwrap()).collect();
        sample(&mut on, &rows, |row| row as u64).unwrap().into_iter().map(|t| t.0).collect::<Vec<_>>()
    };
    assert_eq!(counts(1), counts(3));
}
