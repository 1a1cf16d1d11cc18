//! A support vector machine with a Gaussian kernel, one class against the rest.
//!
//! The dual is climbed one coordinate at a time (Hsieh et al., ICML 2008); the constant is a part of
//! the kernel, so no sum has to stay zero.

use super::layers::Data;

/// Most points to learn from, and to choose penalty and width by: the kernel has the square of them.
const MOST: usize = 2000;
const CHOOSING: usize = 500;
/// Rounds over all points, and the gain below which they end.
const ROUNDS: usize = 300;
const ENOUGH: f64 = 1e-4;
/// Penalties and widths that are tried; a width is a multiple of one over the number of features.
const PENALTIES: [f64; 3] = [1.0, 10.0, 100.0];
const WIDTHS: [f64; 3] = [0.3, 1.0, 3.0];

/// A machine that was trained.
struct Machine<'a> {
    points: &'a [Vec<f64>],
    width: f64,
    /// Weight of each point in each class.
    weights: Vec<Vec<f64>>,
}

fn kernel(a: &[f64], b: &[f64], width: f64) -> f64 {
    let apart: f64 = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum();
    1.0 + (-width * apart).exp()
}

/// The kernel of all pairs of points.
fn table(x: &[Vec<f64>], width: f64) -> Vec<f64> {
    x.iter().flat_map(|a| x.iter().map(move |b| kernel(a, b, width))).collect()
}

impl<'a> Machine<'a> {
    fn train(x: &'a [Vec<f64>], y: &[usize], classes: usize, penalty: f64, width: f64) -> Self {
        Self::on(&table(x, width), x, y, classes, penalty, width)
    }

    fn on(table: &[f64], x: &'a [Vec<f64>], y: &[usize], classes: usize, penalty: f64, width: f64) -> Self {
        let n = x.len();
        let weights = (0..classes)
            .map(|class| {
                let side = |i: usize| if y[i] == class { 1.0 } else { -1.0 };
                let mut weights = vec![0.0f64; n];
                let mut scores = vec![0.0f64; n];
                for _ in 0..ROUNDS {
                    let mut moved = 0.0f64;
                    for i in 0..n {
                        let row = &table[i * n..(i + 1) * n];
                        let old = side(i) * weights[i];
                        let new = (old + (1.0 - side(i) * scores[i]) / row[i]).clamp(0.0, penalty);
                        if (new - old).abs() > 1e-12 {
                            let by = side(i) * (new - old);
                            weights[i] += by;
                            scores.iter_mut().zip(row).for_each(|(s, k)| *s += by * k);
                            moved = moved.max((new - old).abs());
                        }
                    }
                    if moved < ENOUGH {
                        break;
                    }
                }
                weights
            })
            .collect();
        Self { points: x, width, weights }
    }

    fn tell(&self, x: &[f64]) -> usize {
        let near: Vec<f64> = self.points.iter().map(|p| kernel(p, x, self.width)).collect();
        let score = |w: &Vec<f64>| w.iter().zip(&near).map(|(w, k)| w * k).sum::<f64>();
        let scores: Vec<f64> = self.weights.iter().map(score).collect();
        (0..scores.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b])).unwrap_or(0)
    }

    fn share(&self, xs: &[Vec<f64>], ys: &[usize]) -> f64 {
        let right = xs.iter().zip(ys).filter(|(x, y)| self.tell(x) == **y).count();
        right as f64 / ys.len().max(1) as f64
    }
}

/// Share of the points to judge by that it tells right. It learns from the first 2,000 points; penalty
/// and width are chosen among the first 500 of them, a fifth of which judges.
pub fn support_vectors(data: &Data) -> f64 {
    let n = data.train_x.len().min(MOST);
    let (x, y) = (&data.train_x[..n], &data.train_y[..n]);
    let (few, classes) = (n.min(CHOOSING), data.classes.len());
    let cut = (few * 4 / 5).max(1);
    let mut best = (-1.0, PENALTIES[0], WIDTHS[0]);
    for width in WIDTHS.map(|w| w / data.train_x[0].len() as f64) {
        let table = table(&x[..cut], width);
        for penalty in PENALTIES {
            let machine = Machine::on(&table, &x[..cut], &y[..cut], classes, penalty, width);
            let share = machine.share(&x[cut..few], &y[cut..few]);
            if share > best.0 {
                best = (share, penalty, width);
            }
        }
    }
    Machine::train(x, y, classes, best.1, best.2).share(&data.test_x, &data.test_y)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dual_meets_its_conditions() {
        let x: Vec<Vec<f64>> =
            (0..60).map(|i| vec![(f64::from(i) * 0.7).sin(), (f64::from(i) * 1.3).cos()]).collect();
        let y: Vec<usize> = x.iter().map(|p| usize::from(p[0] * p[0] + p[1] * p[1] > 0.9)).collect();
        let machine = Machine::train(&x, &y, 2, 10.0, 1.0);
        let score = |at: usize| -> f64 {
            x.iter().zip(&machine.weights[1]).map(|(p, w)| w * kernel(p, &x[at], 1.0)).sum()
        };
        for (i, class) in y.iter().enumerate() {
            let side = if *class == 1 { 1.0 } else { -1.0 };
            let (weight, margin) = (side * machine.weights[1][i], side * score(i));
            assert!((0.0..=10.0).contains(&weight));
            // Karush, Kuhn, Tucker: inside the margin at the cap, beyond it at zero.
            assert!(weight > 1e-6 || margin > 1.0 - 0.01, "{i}: {weight} {margin}");
            assert!(weight < 10.0 - 1e-6 || margin < 1.0 + 0.01, "{i}: {weight} {margin}");
        }
        assert!(machine.share(&x, &y) > 0.85, "few are at the cap");
    }
}
