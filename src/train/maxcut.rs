//! MaxCut by QAOA at angles that need no training.
//!
//! Source: J. Wurtz and D. Lykov, "The fixed angle conjecture for QAOA on regular MaxCut graphs",
//! arXiv:2107.00677. C = sum over edges of (1 - Z Z)/2; a layer is ZZ(-gamma) on every edge and
//! RX(2 beta) on every qubit.

use std::collections::BTreeMap;

use serde::Deserialize;
use shotbook_sim::engine::{Options, prepare};

use super::{TrainError, ansatz, circuit, graph};

/// Most vertices that are simulated.
const MOST_VERTICES: u32 = 26;

/// Graphs with their exact cuts.
#[derive(Clone, Debug, Deserialize)]
pub struct Graphs {
    /// One by one.
    pub graphs: Vec<Graph>,
}

/// A graph on vertices 0 to n - 1; vertex i is qubit i.
#[derive(Clone, Debug, Deserialize)]
pub struct Graph {
    /// Vertices.
    pub n: u32,
    /// Pairs of vertices.
    pub edges: Vec<(u32, u32)>,
    /// The largest cut.
    pub maxcut: f64,
    /// Expected cuts by depth, where they are known.
    #[serde(default)]
    pub expected_cut: BTreeMap<String, Expected>,
}

/// Expected cuts of one depth.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Expected {
    /// At the fixed angles.
    pub fixed: f64,
    /// The best of many trainings.
    #[serde(default)]
    pub best_found: Option<f64>,
}

#[derive(Clone, Debug, Deserialize)]
struct Table {
    table: Vec<Angles>,
}

/// Fixed angles of one degree and depth.
#[derive(Clone, Debug, Deserialize)]
pub struct Angles {
    /// Edges at each vertex.
    pub degree: u32,
    /// Layers.
    pub p: usize,
    gamma: Vec<f64>,
    beta: Vec<f64>,
    /// The least share of the largest cut that is conjectured.
    pub published_guarantee: f64,
}

impl Graphs {
    /// Reads graphs and checks their vertices.
    ///
    /// # Errors
    /// [`TrainError::Data`] naming the graph.
    pub fn from_json(text: &str) -> Result<Self, TrainError> {
        let all: Self = serde_json::from_str(text)?;
        for (i, graph) in all.graphs.iter().enumerate() {
            let wrong = |why: &str| Err(TrainError::Data(format!("graph {i}: {why}")));
            if graph.n == 0 || graph.n > MOST_VERTICES {
                return wrong("1 to 26 vertices can be simulated");
            }
            if graph.edges.is_empty() || graph.edges.iter().any(|&(a, b)| a == b || a.max(b) >= graph.n) {
                return wrong("an edge joins two different vertices below n");
            }
            if graph.maxcut.is_nan() || graph.maxcut <= 0.0 {
                return wrong("maxcut must be above zero");
            }
        }
        Ok(all)
    }
}

/// The published angles.
///
/// # Errors
/// [`TrainError::Data`] where a row has not as many angles as layers.
pub fn angles(text: &str) -> Result<Vec<Angles>, TrainError> {
    let table = serde_json::from_str::<Table>(text)?.table;
    match table.iter().find(|row| row.gamma.len() != row.p || row.beta.len() != row.p) {
        Some(row) => {
            Err(TrainError::Data(format!("degree {} p {}: not {} angles", row.degree, row.p, row.p)))
        }
        None => Ok(table),
    }
}

impl Angles {
    /// Gamma and beta of each layer in turn.
    pub fn in_turn(&self) -> Vec<f64> {
        self.gamma.iter().zip(&self.beta).flat_map(|(g, b)| [*g, *b]).collect()
    }
}

impl Graph {
    /// The same with a weight of 1 on every edge.
    pub fn plain(&self) -> graph::Graph {
        let edges = self.edges.iter().map(|&(a, b)| (a, b, 1.0)).collect();
        graph::Graph { n: self.n, edges, fields: Vec::new() }
    }

    /// Edges at every vertex, when all have as many.
    pub fn degree(&self) -> Option<u32> {
        let degrees = self.plain().degrees();
        let first = degrees.first().copied()?;
        degrees.iter().all(|&d| d == first).then_some(first)
    }

    /// Expected cut after the layers of the given angles.
    ///
    /// # Errors
    /// The simulator's.
    pub fn expected_cut(&self, angles: &Angles) -> Result<f64, TrainError> {
        let graph = self.plain();
        let text = ansatz::qaoa(&graph, angles.p as u32);
        let mut prepared = prepare(&circuit(&text)?, &Options { shots: Some(0), ..Options::default() })?;
        let mut mean = [0.0];
        prepared.values(&angles.in_turn(), &[graph.cut()], &mut mean)?;
        Ok(mean[0])
    }
}
