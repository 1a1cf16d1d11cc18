use super::*;

const TEXT: &str = "OPENQASM 3.0;\ninput float a;\ninput float b;\nqubit[2] q;\nry(a) q[0];\n\
                    ctrl @ rx(2*b + 0.3) q[0], q[1];\ncnot q[1], q[0];\nrz(a) q[0];\nh q[0];\nu3(b, a, 0.2) q[1];\n";

fn energy(observable: &str) -> Problem {
    Problem::new(TEXT, &Objective::Energy { observable: observable.to_owned() }, 1).unwrap()
}

/// Rows with exact counts: probabilities times a large number.
fn counted(problem: &Problem, ask: &Ask) -> Answer {
    let measured = problem.measured().unwrap();
    let circuit = circuit(&measured.text).unwrap();
    assert_eq!(circuit.inputs.iter().map(|i| i.name.clone()).collect::<Vec<_>>(), measured.names);
    let mut on = prepare(&circuit, &Options::default()).unwrap();
    let tables: Vec<Counts> = problem
        .rows(&measured, ask, 0, 400_000)
        .iter()
        .enumerate()
        .map(|(seed, row)| Counts(on.run(&row.inputs, row.shots, seed as u64).unwrap().counts))
        .collect();
    problem.answer(&measured, ask, 0, &tables)
}

#[test]
fn shots_give_the_exact_value_and_gradient() {
    for observable in ["0.5*XX - 0.3*ZI + 0.7*YZ + 0.2", "Z0 Z1", "1.5*IX"] {
        let problem = energy(observable);
        let mut on = problem.exact(&Options::default()).unwrap();
        let at = vec![0.7, -0.4];
        let ask = Ask::Gradient { at: at.clone(), shots: None };
        let exact = problem.answer_exactly(&mut on, &ask, 0).unwrap();
        let shots = counted(&problem, &ask);
        // Five deviations of the mean of 400,000 shots, over at most eight rows.
        let near = |a: f64, b: f64| (a - b).abs() < 0.03;
        assert!(near(exact.values[0], shots.values[0]), "{observable}: {exact:?} {shots:?}");
        for (e, s) in exact.gradient.iter().zip(&shots.gradient) {
            assert!(near(*e, *s), "{observable}: {exact:?} {shots:?}");
        }
        let values = Ask::Values(vec![at.clone(), vec![0.1, 0.2]]);
        let exact = problem.answer_exactly(&mut on, &values, 0).unwrap();
        let shots = counted(&problem, &values);
        assert!(exact.values.iter().zip(&shots.values).all(|(e, s)| near(*e, *s)), "{exact:?} {shots:?}");
    }
}

#[test]
fn a_classifier_has_the_gradient_of_its_differences_exactly_and_by_shots() {
    let header: Vec<String> = ["p", "q", "label"].map(str::to_owned).to_vec();
    let rows: Vec<Vec<String>> = (0..12)
        .map(|i| {
            vec![
                format!("{}", f64::from(i) * 0.3),
                format!("{}", (f64::from(i)).sin()),
                ["n", "y"][i as usize % 2].to_owned(),
            ]
        })
        .collect();
    let data = Data::from_rows(&header, &rows, None, 0.75, 1).unwrap();
    let objective = Objective::Classifier { data, batch: 3, encoded: vec!["b".to_owned()] };
    let problem = Problem::new(TEXT, &objective, 1).unwrap();
    let w = problem.start(5);
    assert_eq!(w.len(), 3 + 1 + 2 * 3);
    let mut on = problem.exact(&Options::default()).unwrap();
    let ask = Ask::Gradient { at: w.clone(), shots: None };
    let exact = problem.answer_exactly(&mut on, &ask, 0).unwrap();
    let shots = counted(&problem, &ask);
    for i in 0..w.len() {
        let mut moved = |by: f64| {
            let mut there = w.clone();
            there[i] += by;
            problem.answer_exactly(&mut on, &Ask::Values(vec![there]), 0).unwrap().values[0]
        };
        let numeric = (moved(1e-5) - moved(-1e-5)) / 2e-5;
        assert!((numeric - exact.gradient[i]).abs() < 1e-8, "{i}: {numeric} {exact:?}");
        assert!((shots.gradient[i] - exact.gradient[i]).abs() < 0.03, "{i}: {exact:?} {shots:?}");
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let refuse = |objective| Problem::new(TEXT, &objective, 1).unwrap_err().to_string();
    let energy = |o: &str| Objective::Energy { observable: o.to_owned() };
    assert!(refuse(energy("Z5")).contains("6 qubits"));
    assert!(refuse(energy("3")).contains("no term"));
    assert!(refuse(energy("Q")).contains("byte 0"));
    assert!(refuse(energy("1e308*ZZ + 1e308*XX")).contains("scale them"));
    assert!(refuse(energy("1e308*ZZ - 1e308*XX")).contains("scale them"));
    let graph = Graph::read("0 1\n1 2\n").unwrap();
    assert!(refuse(Objective::Cut { graph }).contains("3 qubits"));
}

#[test]
fn an_observable_is_written_as_it_is_read() {
    let sum = PauliSum::parse("-0.1*X0 Z2 - 0.30000000000000004*Y1 + 2 + 1e-9*Z0").unwrap();
    assert_eq!(PauliSum::parse(&text_of(&sum)).unwrap(), sum);
}

#[test]
fn a_twin_without_entangling_gates_joins_no_qubits() {
    let twin = energy("ZZ").untangled().unwrap();
    let mut joined = 0;
    twin.circuit().walk(&mut |op, _| joined += usize::from(twin.circuit().op_qubits(op).len() > 1));
    assert_eq!((joined, twin.n_parameters()), (0, 2), "the angles stay");
    // Without what joins them, the mean of a product is the product of the means.
    let exactly = |observable: &str| {
        let problem = energy(observable).untangled().unwrap();
        let mut on = problem.exact(&Options::default()).unwrap();
        problem.loss_exactly(&mut on, &[0.7, -0.4]).unwrap()
    };
    assert!((exactly("ZZ") - exactly("ZI") * exactly("IZ")).abs() < 1e-12);
    assert!(twin.untangled().is_none());
}
