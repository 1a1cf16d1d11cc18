use super::*;

/// Rosenbrock's valley: 0 at (1, 1).
fn valley(x: &[f64]) -> (f64, Vec<f64>) {
    let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
    (a * a + 100.0 * b * b, vec![-2.0 * a - 400.0 * x[0] * b, 200.0 * b])
}

/// A bowl of ten axes with curvatures 1 to 10: 0 at 0.5 each.
fn bowl(x: &[f64]) -> (f64, Vec<f64>) {
    let weight = |i: usize| 1.0 + i as f64;
    let value = x.iter().enumerate().map(|(i, x)| weight(i) * (x - 0.5) * (x - 0.5)).sum();
    (value, x.iter().enumerate().map(|(i, x)| 2.0 * weight(i) * (x - 0.5)).collect())
}

/// Evaluations, and the value at the end.
fn run(optimizer: &mut Optimizer, of: fn(&[f64]) -> (f64, Vec<f64>), most: usize) -> (usize, f64) {
    let mut evaluations = 0;
    while evaluations < most {
        let answer = match optimizer.ask() {
            Ask::Nothing => break,
            Ask::Values(points) => {
                evaluations += points.len();
                Answer { values: points.iter().map(|p| of(p).0).collect(), ..Answer::default() }
            }
            Ask::Gradient { at, .. } => {
                evaluations += 1;
                let (value, gradient) = of(&at);
                Answer { values: vec![value], gradient, variances: vec![0.0; at.len()] }
            }
        };
        optimizer.tell(&answer);
    }
    (evaluations, of(optimizer.at()).0)
}

fn setting(start: Vec<f64>) -> Setting {
    Setting {
        start,
        iterations: 2000,
        seed: 3,
        warm: false,
        scales: None,
        bound: 20.0,
        fee_in_shots: 0.0,
        shots: None,
    }
}

fn build(word: &str, start: Vec<f64>) -> Optimizer {
    Settings::of(Kind::named(word).unwrap()).build(setting(start)).unwrap()
}

#[test]
fn valleys_and_bowls_are_walked_down() {
    // SciPy 1.17.1 from the same starts, with bounds of twice as many: L-BFGS-B needs 46 evaluations
    // for the valley and 20 for the bowl; COBYLA (rhobeg 0.5, tol 5e-5) reaches 0.0031 on the valley
    // in 2,023 and the bottom of the bowl in 70.
    let (used, value) = run(&mut build("lbfgs", vec![-1.2, 1.0]), valley, 200);
    assert!(value < 1e-10 && used <= 92, "{used} {value}");
    let (used, value) = run(&mut build("lbfgs", vec![0.0; 10]), bowl, 200);
    assert!(value < 1e-10 && used <= 40, "{used} {value}");
    let (used, value) = run(&mut build("cobyla", vec![0.0; 10]), bowl, 5000);
    assert!(value < 1e-6 && used < 500, "{used} {value}");
    let (used, value) = run(&mut build("cobyla", vec![-1.2, 1.0]), valley, 5000);
    assert!(value < 0.02, "{used} {value}");
    let (_, value) = run(&mut build("adam", vec![0.0; 10]), bowl, 2000);
    assert!(value < 1e-6, "{value}");
    let (_, value) = run(&mut build("sgd", vec![0.0; 10]), bowl, 2000);
    assert!(value < 1e-6, "{value}");
    let (_, value) = run(&mut build("spsa", vec![0.0; 10]), bowl, 4000);
    assert!(value < 0.05, "{value}");
}

/// A loss of sines with two letters: -2 at (-pi/2, pi).
fn sines(x: &[f64]) -> (f64, Vec<f64>) {
    (x[0].sin() + x[1].cos(), vec![x[0].cos(), -x[1].sin()])
}

#[test]
fn a_sine_is_solved_in_one_sweep() {
    let scales = Some(vec![1.0, 1.0]);
    let whole = Setting { scales, ..setting(vec![0.3, -0.4]) };
    let mut optimizer = Settings::of(Kind::Rotosolve).build(whole).unwrap();
    let (used, value) = run(&mut optimizer, sines, 5);
    assert!((value + 2.0).abs() < 1e-12 && used == 5, "{used} {value}");
    assert!(Settings::of(Kind::Rotosolve).build(setting(vec![0.0])).is_err());
}

#[test]
fn shots_follow_variance_and_fees() {
    let ask = |fee: f64| {
        let whole = Setting { fee_in_shots: fee, shots: Some((10, 100_000)), ..setting(vec![0.0; 2]) };
        let mut optimizer = Settings::of(Kind::Adaptive).build(whole).unwrap();
        let told = Answer { values: vec![1.0], gradient: vec![3.0, 3.0], variances: vec![400.0, 100.0] };
        optimizer.tell(&told);
        match optimizer.ask() {
            Ask::Gradient { shots: Some(shots), .. } => shots,
            other => panic!("{other:?}"),
        }
    };
    let (free, dear) = (ask(0.0), ask(1000.0));
    // A = r(1 - L r/2) 18 = 0.45, B = r/2 (20 + 10)^2 = 22.5: S = 2B/A = 100, two thirds to the first.
    assert_eq!(free, [67, 34]);
    // S = (22.5 + sqrt(22.5^2 + 0.45 22.5 1000))/0.45 = 279.2, shared equally.
    assert_eq!(dear, [140, 140]);
}

#[test]
fn a_run_that_was_cut_goes_on_bit_for_bit() {
    for word in ["adam", "sgd", "spsa", "cobyla", "lbfgs"] {
        let mut whole = build(word, vec![0.3, -0.4]);
        run(&mut whole, sines, 60);
        let mut first = build(word, vec![0.3, -0.4]);
        let (used, _) = run(&mut first, sines, 23);
        let text = serde_json::to_string(&first).unwrap();
        let mut second: Optimizer = serde_json::from_str(&text).unwrap();
        assert_eq!(first, second, "{word}");
        run(&mut second, sines, 60 - used);
        assert_eq!(whole, second, "{word}");
    }
}

#[test]
fn unknown_words_are_refused_with_those_known() {
    assert!(Kind::named("adamm").unwrap_err().contains("adam, sgd"));
    assert_eq!(Kind::named("exec:./mine.py").unwrap(), Kind::Exec("./mine.py".to_owned()));
}
