//! Linear models on a simplex within a trust region, from values alone, without constraints.
//!
//! Source: M. J. D. Powell, "A direct search optimization method that models the objective and
//! constraint functions by linear interpolation" (1994), of which this is the case without
//! constraints: n + 1 values give a plane, a step of the radius goes down it, and the radius shrinks
//! when the plane no longer helps and the simplex is good.

use serde::{Deserialize, Serialize};

use super::{Answer, Ask};

/// The simplex and its radius.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cobyla {
    /// Corners; the first is the best.
    corners: Vec<Vec<f64>>,
    values: Vec<f64>,
    radius: f64,
    end: f64,
    doing: Doing,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Doing {
    /// All corners are asked for at once.
    Start,
    /// A step down the plane, with the fall that it promises.
    Step(Vec<f64>, f64),
    /// A better corner in place of one.
    Mend(usize, Vec<f64>),
    Done,
}

/// A corner further away than this many radii is replaced.
const FAR: f64 = 2.1;
/// A corner nearer to the face of the others than this share of the radius is replaced.
const FLAT: f64 = 0.25;

impl Cobyla {
    /// From a start, with the first and the last radius. Units: radians.
    pub fn new(x: Vec<f64>, radius: f64, end: f64) -> Self {
        let mut corners = vec![x.clone()];
        for i in 0..x.len() {
            let mut corner = x.clone();
            corner[i] += radius;
            corners.push(corner);
        }
        let doing = if x.is_empty() { Doing::Done } else { Doing::Start };
        Self { values: vec![f64::MAX; corners.len()], corners, radius, end, doing }
    }

    pub(super) fn best(&self) -> &[f64] {
        &self.corners[0]
    }

    pub(super) fn ask(&self) -> Ask {
        match &self.doing {
            Doing::Start => Ask::Values(self.corners.clone()),
            Doing::Step(point, _) | Doing::Mend(_, point) => Ask::Values(vec![point.clone()]),
            Doing::Done => Ask::Nothing,
        }
    }

    pub(super) fn tell(&mut self, answer: &Answer) -> bool {
        let promised = match std::mem::replace(&mut self.doing, Doing::Done) {
            Doing::Start => {
                self.values.clone_from(&answer.values);
                self.lead();
                None
            }
            Doing::Step(point, fall) => {
                let (value, before) = (answer.values[0], self.values[0]);
                let helped = before - value >= 0.1 * fall;
                if value < before || self.worst().is_some_and(|w| value < self.values[w]) {
                    let out = self.leaving(&point);
                    (self.corners[out], self.values[out]) = (point, value);
                    self.lead();
                }
                Some(helped)
            }
            Doing::Mend(out, point) => {
                (self.corners[out], self.values[out]) = (point, answer.values[0]);
                self.lead();
                None
            }
            Doing::Done => None,
        };
        self.doing = self.next(promised == Some(false));
        true
    }

    /// The best corner goes to the front.
    fn lead(&mut self) {
        let best = (0..self.values.len()).min_by(|&a, &b| self.values[a].total_cmp(&self.values[b]));
        let best = best.unwrap_or(0);
        self.corners.swap(0, best);
        self.values.swap(0, best);
    }

    fn worst(&self) -> Option<usize> {
        (1..self.values.len()).max_by(|&a, &b| self.values[a].total_cmp(&self.values[b]))
    }

    /// The corner that a new point replaces: the one whose absence leaves the largest simplex.
    fn leaving(&self, point: &[f64]) -> usize {
        let shift: Vec<f64> = point.iter().zip(self.best()).map(|(p, b)| p - b).collect();
        let weights = self.inverse().map(|inverse| {
            inverse.iter().map(|row| row.iter().zip(&shift).map(|(a, b)| a * b).sum::<f64>().abs()).collect()
        });
        let weights: Vec<f64> = weights.unwrap_or_else(|| vec![1.0; shift.len()]);
        let score = |i: &usize| {
            let far = (distance(&self.corners[*i], self.best()) / self.radius).max(1.0);
            weights[*i - 1] * far
        };
        (1..self.corners.len()).max_by(|a, b| score(a).total_cmp(&score(b))).unwrap_or(1)
    }

    /// Rows that turn a shift into its parts along the edges.
    fn inverse(&self) -> Option<Vec<Vec<f64>>> {
        let n = self.corners.len() - 1;
        let edges = |i: usize, j: usize| self.corners[j + 1][i] - self.corners[0][i];
        let mut rows: Vec<Vec<f64>> = (0..n)
            .map(|i| {
                (0..2 * n)
                    .map(|j| if j < n { edges(i, j) } else { f64::from(u8::from(j - n == i)) })
                    .collect()
            })
            .collect();
        for column in 0..n {
            let pivot =
                (column..n).max_by(|&a, &b| rows[a][column].abs().total_cmp(&rows[b][column].abs()))?;
            if rows[pivot][column].abs() < 1e-14 * self.radius.max(1e-300) {
                return None;
            }
            rows.swap(column, pivot);
            let factor = rows[column][column];
            rows[column].iter_mut().for_each(|v| *v /= factor);
            let own = rows[column].clone();
            for (at, row) in rows.iter_mut().enumerate() {
                let factor = row[column];
                if at != column && factor != 0.0 {
                    row.iter_mut().zip(&own).for_each(|(v, o)| *v -= factor * o);
                }
            }
        }
        Some(rows.into_iter().map(|row| row[n..].to_vec()).collect())
    }

    fn next(&mut self, failed: bool) -> Doing {
        loop {
            let Some(inverse) = self.inverse() else { return self.rebuilt() };
            if failed {
                if let Some(bad) = self.bad(&inverse) {
                    return Doing::Mend(bad, self.mended(bad, &inverse));
                }
                if self.radius <= self.end {
                    return Doing::Done;
                }
                self.radius = if self.radius / 2.0 <= 1.5 * self.end { self.end } else { self.radius / 2.0 };
            }
            let rise: Vec<f64> = self.values[1..].iter().map(|v| v - self.values[0]).collect();
            let slope: Vec<f64> = (0..inverse.len())
                .map(|j| inverse.iter().zip(&rise).map(|(row, r)| row[j] * r).sum())
                .collect();
            let steep = slope.iter().map(|s| s * s).sum::<f64>().sqrt();
            if steep > 0.0 && steep.is_finite() {
                let step = self.best().iter().zip(&slope).map(|(x, s)| x - self.radius * s / steep).collect();
                return Doing::Step(step, self.radius * steep);
            }
            if self.radius <= self.end || !steep.is_finite() {
                return Doing::Done;
            }
            self.radius = (self.radius / 2.0).max(self.end);
        }
    }

    /// A corner that is too far, or too near to the face of the others.
    fn bad(&self, inverse: &[Vec<f64>]) -> Option<usize> {
        let away = |i: usize| distance(&self.corners[i], self.best()) / self.radius;
        let furthest = (1..self.corners.len()).max_by(|&a, &b| away(a).total_cmp(&away(b)))?;
        if away(furthest) > FAR {
            return Some(furthest);
        }
        // The distance of a corner from the face of the others is one over its row's length.
        let height = |i: usize| 1.0 / inverse[i - 1].iter().map(|v| v * v).sum::<f64>().sqrt();
        let flattest = (1..self.corners.len()).min_by(|&a, &b| height(a).total_cmp(&height(b)))?;
        (height(flattest) < FLAT * self.radius).then_some(flattest)
    }

    /// A point half a radius off the face of the others, on the side that promises more.
    fn mended(&self, bad: usize, inverse: &[Vec<f64>]) -> Vec<f64> {
        let row = &inverse[bad - 1];
        let length = row.iter().map(|v| v * v).sum::<f64>().sqrt();
        let rise = self.values[bad] - self.values[0];
        let side = if rise > 0.0 { -0.5 } else { 0.5 };
        self.best().iter().zip(row).map(|(x, v)| x + side * self.radius * v / length).collect()
    }

    /// A fresh simplex around the best corner, when the old one has no volume.
    fn rebuilt(&mut self) -> Doing {
        if self.radius <= self.end {
            return Doing::Done;
        }
        *self = Self::new(self.corners[0].clone(), (self.radius / 2.0).max(self.end), self.end);
        Doing::Start
    }
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
}
