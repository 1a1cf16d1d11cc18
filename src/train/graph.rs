//! Weighted graphs, their cuts, and spins on them.

use serde::{Deserialize, Serialize};
use shotbook_sim::pauli::{Pauli, PauliSum};

use super::TrainError;

/// Most vertices whose cuts are all tried.
const MOST_EXHAUSTIVE: u32 = 22;

/// A graph on vertices 0 to n - 1; vertex i is qubit i.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Graph {
    /// Vertices.
    pub n: u32,
    /// Pairs of vertices with their weight.
    pub edges: Vec<(u32, u32, f64)>,
    /// Field on each vertex, of spins; empty for none.
    #[serde(default)]
    pub fields: Vec<f64>,
}

impl Graph {
    /// Reads `{"n": 3, "edges": [[0, 1], [1, 2, 0.5]], "fields": [...]}`, or lines of `a b [weight]`.
    ///
    /// # Errors
    /// [`TrainError::Data`] with the edge or line.
    pub fn read(text: &str) -> Result<Self, TrainError> {
        let graph = if text.trim_start().starts_with('{') { Self::json(text)? } else { Self::lines(text)? };
        graph.checked()
    }

    fn json(text: &str) -> Result<Self, TrainError> {
        #[derive(Deserialize)]
        struct File {
            n: Option<u32>,
            edges: Vec<Vec<f64>>,
            #[serde(default)]
            fields: Vec<f64>,
        }
        let file: File = serde_json::from_str(text)?;
        let edges = file.edges.iter().enumerate().map(|(i, e)| edge(e, &format!("edge {i}")));
        let edges = edges.collect::<Result<Vec<_>, _>>()?;
        Ok(Self { n: file.n.unwrap_or_else(|| count(&edges)), edges, fields: file.fields })
    }

    fn lines(text: &str) -> Result<Self, TrainError> {
        let mut edges = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            let place = format!("line {}", number + 1);
            let words = line.split([' ', ',', '\t']).filter(|w| !w.is_empty());
            let numbers =
                words.map(|w| w.parse::<f64>().map_err(|_| wrong(&place, &format!("{w:?} is no number"))));
            edges.push(edge(&numbers.collect::<Result<Vec<_>, _>>()?, &place)?);
        }
        Ok(Self { n: count(&edges), edges, fields: Vec::new() })
    }

    fn checked(self) -> Result<Self, TrainError> {
        if self.edges.is_empty() {
            return Err(TrainError::Data("a graph without edges".to_owned()));
        }
        if let Some((a, b, _)) = self.edges.iter().find(|e| e.0 == e.1 || e.0.max(e.1) >= self.n) {
            return Err(TrainError::Data(format!(
                "the edge {a} {b} joins no two different vertices below {}",
                self.n
            )));
        }
        let mut pairs: Vec<(u32, u32)> = self.edges.iter().map(|e| (e.0.min(e.1), e.0.max(e.1))).collect();
        pairs.sort_unstable();
        if let Some(twice) = pairs.windows(2).find(|p| p[0] == p[1]) {
            let (a, b) = twice[0];
            return Err(TrainError::Data(format!(
                "the edge {a} {b} is there twice; write it once, with the sum of the weights if both are meant"
            )));
        }
        if !self.fields.is_empty() && self.fields.len() != self.n as usize {
            return Err(TrainError::Data(format!("fields must be {} numbers, one a vertex", self.n)));
        }
        Ok(self)
    }

    /// Sum over edges of w (1 - Z Z)/2: the mean is the expected cut.
    pub fn cut(&self) -> PauliSum {
        let total: f64 = self.edges.iter().map(|e| e.2 / 2.0).sum();
        let mut terms = vec![(total, Vec::new())];
        terms.extend(self.edges.iter().map(|&(a, b, w)| (-w / 2.0, pair(a, b))));
        PauliSum { terms }
    }

    /// Sum over edges of w Z Z plus sum over vertices of h Z.
    pub fn ising(&self) -> PauliSum {
        let mut terms: Vec<_> = self.edges.iter().map(|&(a, b, w)| (w, pair(a, b))).collect();
        let fields = (0u32..).zip(&self.fields).filter(|f| *f.1 != 0.0);
        terms.extend(fields.map(|(q, &h)| (h, vec![(q, Pauli::Z)])));
        PauliSum { terms }
    }

    /// The largest cut by trying all; `None` where those are too many.
    pub fn largest_cut(&self) -> Option<f64> {
        (self.n <= MOST_EXHAUSTIVE).then(|| {
            // The last vertex may stay on its side.
            let cut = |sides: u32| self.cut_of(|v| sides >> v & 1 == 1);
            (0..1u32 << (self.n - 1)).map(cut).fold(0.0, f64::max)
        })
    }

    /// A cut by moving single vertices while that helps, from all on one side.
    pub fn greedy_cut(&self) -> f64 {
        let mut sides = vec![false; self.n as usize];
        let mut cut = 0.0;
        loop {
            // What each vertex gains by going over: its edges within its side less those across.
            let mut gains = vec![0.0; sides.len()];
            for &(a, b, w) in &self.edges {
                let gain = if sides[a as usize] == sides[b as usize] { w } else { -w };
                gains[a as usize] += gain;
                gains[b as usize] += gain;
            }
            match (0..gains.len()).max_by(|&a, &b| gains[a].total_cmp(&gains[b])) {
                Some(vertex) if gains[vertex] > 1e-12 => {
                    sides[vertex] = !sides[vertex];
                    cut += gains[vertex];
                }
                _ => return cut,
            }
        }
    }

    /// Weight of the edges between the vertices of one side and the others.
    fn cut_of(&self, side: impl Fn(u32) -> bool) -> f64 {
        self.edges.iter().filter(|e| side(e.0) != side(e.1)).map(|e| e.2).sum()
    }

    /// Edges at each vertex.
    pub fn degrees(&self) -> Vec<u32> {
        let mut out = vec![0; self.n as usize];
        for &(a, b, _) in &self.edges {
            out[a as usize] += 1;
            out[b as usize] += 1;
        }
        out
    }

    /// Whether all weights are 1.
    pub fn is_plain(&self) -> bool {
        self.edges.iter().all(|e| e.2 == 1.0)
    }
}

fn pair(a: u32, b: u32) -> Vec<(u32, Pauli)> {
    vec![(a.min(b), Pauli::Z), (a.max(b), Pauli::Z)]
}

fn count(edges: &[(u32, u32, f64)]) -> u32 {
    edges.iter().map(|e| e.0.max(e.1) + 1).max().unwrap_or(0)
}

fn wrong(place: &str, why: &str) -> TrainError {
    TrainError::Data(format!("{place}: {why}"))
}

fn edge(numbers: &[f64], place: &str) -> Result<(u32, u32, f64), TrainError> {
    let vertex = |x: f64| {
        let whole = x.fract() == 0.0 && (0.0..1e6).contains(&x);
        if whole { Ok(x as u32) } else { Err(wrong(place, &format!("{x} is no vertex"))) }
    };
    match *numbers {
        [a, b] => Ok((vertex(a)?, vertex(b)?, 1.0)),
        [a, b, w] if w.is_finite() => Ok((vertex(a)?, vertex(b)?, w)),
        _ => Err(wrong(place, "two vertices and perhaps a weight are expected")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn graphs_are_read_from_lines_and_json() {
        let lines = Graph::read("# a path\n0 1\n1,2,0.5\n").unwrap();
        let json = Graph::read(r#"{"edges": [[0, 1], [1, 2, 0.5]]}"#).unwrap();
        assert_eq!(lines, json);
        assert_eq!((lines.n, lines.largest_cut(), lines.greedy_cut()), (3, Some(1.5), 1.5));
        let triangle = Graph::read("0 1\n1 2\n0 2\n").unwrap();
        assert_eq!(triangle.largest_cut(), Some(2.0));
        // Beyond the width of any number, and told exactly.
        let ring: String = (0..100).map(|i| format!("{i} {}\n", (i + 1) % 100)).collect();
        let ring = Graph::read(&ring).unwrap();
        assert!(ring.largest_cut().is_none() && ring.greedy_cut() >= 50.0, "{}", ring.greedy_cut());
        let negative = Graph::read("0 1 -1\n1 2 2\n").unwrap();
        assert_eq!(negative.largest_cut(), Some(2.0));
    }

    #[test]
    fn wrong_graphs_say_where() {
        for (text, words) in [
            ("0 1\n1 x\n", "line 2"),
            ("0 0\n", "different vertices"),
            ("", "without edges"),
            (r#"{"n": 2, "edges": [[0, 5]]}"#, "below 2"),
            ("0 1 nan\n", "line 1"),
            ("0.5 1\n", "no vertex"),
            ("0 1\n1 2\n1 0 2\n", "0 1 is there twice"),
            (r#"{"n": 2, "edges": [[0, 1]], "fields": [1]}"#, "one a vertex"),
        ] {
            let error = Graph::read(text).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
