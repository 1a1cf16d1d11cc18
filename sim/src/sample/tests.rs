//! Each statistical test names how often it fails by chance.

use super::*;

/// Chi-square of observed against expected counts.
fn chi_square(observed: &[u64], expected: &[f64]) -> f64 {
    observed.iter().zip(expected).map(|(&o, &e)| (o as f64 - e) * (o as f64 - e) / e).sum()
}

#[test]
fn units_fill_the_interval_evenly() {
    let mut rng = Rng::new(1);
    let mut bins = [0u64; 16];
    for _ in 0..160_000 {
        bins[(rng.unit() * 16.0) as usize] += 1;
    }
    // 15 degrees of freedom: above 44.3 once in 10,000 seeds; the seed is fixed.
    assert!(chi_square(&bins, &[10_000.0; 16]) < 44.3, "{bins:?}");
}

#[test]
fn binomial_has_the_right_distribution() {
    let mut rng = Rng::new(2);
    for (n, p) in [(5u64, 0.3), (3, 0.5), (9, 0.9), (70, 0.02)] {
        let mut seen = vec![0u64; n as usize + 1];
        let runs = 40_000;
        for _ in 0..runs {
            seen[rng.binomial(n, p) as usize] += 1;
        }
        let mut weight = (1.0f64 - p).powi(n as i32);
        let mut expected = Vec::new();
        for k in 0..=n {
            expected.push(weight * f64::from(runs));
            weight *= (n - k) as f64 / (k + 1) as f64 * p / (1.0 - p);
        }
        let kept: Vec<usize> = (0..expected.len()).filter(|&k| expected[k] > 5.0).collect();
        let (o, e): (Vec<u64>, Vec<f64>) = kept.iter().map(|&k| (seen[k], expected[k])).unzip();
        // At most 9 degrees of freedom: above 33.7 once in 10,000 seeds.
        assert!(chi_square(&o, &e) < 33.7, "n={n} p={p} {seen:?} {expected:?}");
    }
}

#[test]
fn binomial_takes_odd_probabilities_and_large_numbers() {
    let mut rng = Rng::new(3);
    assert_eq!(rng.binomial(10, 0.0), 0);
    assert_eq!(rng.binomial(10, -1.0), 0);
    assert_eq!(rng.binomial(10, f64::NAN), 0);
    assert_eq!(rng.binomial(10, 1.0 + 1e-12), 10);
    let k = rng.binomial(1 << 30, 0.25) as f64;
    // Six standard deviations: once in 500 million seeds.
    assert!((k - (1u64 << 28) as f64).abs() < 6.0 * ((1u64 << 30) as f64 * 0.1875).sqrt(), "{k}");
}

#[test]
fn multinomial_loses_no_shot() {
    let mut rng = Rng::new(4);
    for _ in 0..200 {
        let parts = rng.multinomial(1000, &[0.0, 0.4, 0.0, 0.3, 0.2, 0.0]);
        assert_eq!(parts.iter().sum::<u64>(), 1000);
        assert_eq!((parts[0], parts[2], parts[5]), (0, 0, 0));
    }
}

#[test]
fn rising_numbers_rise_inside_their_range_and_are_uniform() {
    let mut rng = Rng::new(5);
    let n = 64_000;
    let mut rising = Rising::new(&mut rng, n, 2.0);
    let (mut last, mut bins) = (0.0, [0u64; 16]);
    for _ in 0..n {
        let x = rising.next();
        assert!(x >= last && x < 2.0);
        last = x;
        bins[(x * 8.0) as usize] += 1;
    }
    // 15 degrees of freedom: above 44.3 once in 10,000 seeds.
    assert!(chi_square(&bins, &[4_000.0; 16]) < 44.3, "{bins:?}");
}

#[test]
fn rows_are_sorted_and_joined() {
    for bits in [3, 130] {
        let mut rows = Rows::new(bits);
        for (at, count) in [(2, 5), (0, 1), (2, 7), (1, 3)] {
            let mut row = vec![0; rows.words];
            set(&mut row, at, true);
            assert!(bit(&row, at));
            rows.push(&row, count);
        }
        rows.tidy();
        assert_eq!(rows.counts, [12, 3, 1], "later bits are less significant");
    }
}
