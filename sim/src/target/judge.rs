//! How each rule of devices is judged: facts of the device against facts of the circuit.

use super::device::{DeviceKind, Pragma, ResultKind};
use super::rules::Fault;
use super::subject::{Site, Subject, is_returned};
use crate::circuit::{Angle, Circuit, Gate, Op, QubitLabels};
use crate::diagnostic::Span;
use crate::engine::conflict;
use crate::result::{Factor, Observable, ResultType};

const TURN_TOLERANCE: f64 = 1e-9;

pub fn analog(s: &Subject<'_>) -> Vec<Fault> {
    if !s.device.analog {
        return Vec::new();
    }
    vec![Fault::new(Span::default(), format!("{} takes analog programs only, no circuits", s.device.name))]
}

pub fn no_qubits(s: &Subject<'_>) -> Vec<Fault> {
    if s.circuit.n_qubits > 0 || s.device.is_local() {
        return Vec::new();
    }
    vec![Fault::new(Span::default(), "the circuit has no qubits")]
}

pub fn too_many_qubits(s: &Subject<'_>) -> Vec<Fault> {
    let (has, needs) = (s.device.n_qubits, s.circuit.n_qubits);
    if needs <= has || s.device.analog {
        return Vec::new();
    }
    let message = format!("the circuit has {needs} qubits, {} has {has}", s.device.name);
    vec![Fault::new(Span::default(), message)]
}

pub fn missing_label(s: &Subject<'_>) -> Vec<Fault> {
    let QubitLabels::Physical(labels) = &s.circuit.labels else { return Vec::new() };
    if s.device.kind != DeviceKind::Qpu || s.device.analog {
        return Vec::new();
    }
    let known = &s.device.qubit_labels;
    let missing = labels.iter().enumerate().filter(|(_, l)| known.binary_search(l).is_err());
    missing
        .map(|(qubit, label)| {
            let span = first_use(s, u32::try_from(qubit).unwrap_or(u32::MAX));
            Fault::new(span, format!("{} has no qubit ${label}", s.device.name))
                .label(format!("its qubits are {}", ranges(known)))
        })
        .collect()
}

fn first_use(s: &Subject<'_>, qubit: u32) -> Span {
    let mut found = None;
    s.walk(&mut |site| {
        if found.is_none() && s.circuit.op_qubits(site.op).contains(&qubit) {
            found = Some(site.span);
        }
    });
    found.unwrap_or_default()
}

/// Ascending numbers as `0-7, 9-107`.
fn ranges(numbers: &[u32]) -> String {
    let mut out: Vec<(u32, u32)> = Vec::new();
    for &n in numbers {
        match out.last_mut() {
            Some((_, last)) if *last + 1 == n => *last = n,
            _ => out.push((n, n)),
        }
    }
    let texts: Vec<_> =
        out.iter().map(|(a, b)| if a == b { a.to_string() } else { format!("{a}-{b}") }).collect();
    texts.join(", ")
}

pub fn disconnected(s: &Subject<'_>, site: &Site<'_>) -> Option<Fault> {
    let [a, b] = s.circuit.op_qubits(site.op) else { return None };
    if !matches!(site.op, Op::Gate(_) | Op::Unitary { .. }) || s.device.kind != DeviceKind::Qpu {
        return None;
    }
    let (a, b) = (s.label(*a)?, s.label(*b)?);
    let known = |l: &u32| s.device.qubit_labels.binary_search(l).is_ok();
    if s.device.connectivity.joins(a, b) || !known(&a) || !known(&b) {
        return None;
    }
    let near: Vec<_> = s
        .device
        .qubit_labels
        .iter()
        .filter(|l| s.device.connectivity.joins(a, **l))
        .map(|l| format!("${l}"))
        .collect();
    Some(
        Fault::new(site.span, format!("${a} and ${b} are not coupled on {}", s.device.name))
            .label(format!("${a} is coupled to {}", near.join(", ")))
            .names([a.to_string(), b.to_string()]),
    )
}

fn takes_verbatim(s: &Subject<'_>) -> bool {
    s.device.pragmas.contains(&Pragma::Verbatim)
}

pub fn verbatim_refused(s: &Subject<'_>, site: &Site<'_>) -> Option<Fault> {
    let Op::Box { verbatim: true, .. } = site.op else { return None };
    (!takes_verbatim(s) && !s.device.analog)
        .then(|| Fault::new(site.span, format!("{} takes no verbatim box", s.device.name)))
}

/// Whether verbatim rules apply at a site: a real box on hardware.
fn in_hardware_box(s: &Subject<'_>, site: &Site<'_>) -> bool {
    site.verbatim && s.device.kind == DeviceKind::Qpu && takes_verbatim(s)
}

pub fn not_native(s: &Subject<'_>, site: &Site<'_>) -> Option<Fault> {
    if !in_hardware_box(s, site) {
        return None;
    }
    let name = match site.op {
        Op::Gate(op) if op.n_controls == 0 && s.device.native_gates.contains(&op.gate) => return None,
        Op::Gate(op) if op.n_controls > 0 => format!("ctrl @ {}", op.gate.row().name),
        Op::Gate(op) => op.gate.row().name.to_owned(),
        Op::Unitary { .. } => "unitary".to_owned(),
        _ => return None,
    };
    let native: Vec<_> = s.device.native_gates.iter().map(|g| g.row().name).collect();
    Some(
        Fault::new(site.span, format!("`{name}` is not a native gate of {}", s.device.name))
            .label(format!("native are {}", native.join(", ")))
            .names([name]),
    )
}

pub fn register_in_box(s: &Subject<'_>, site: &Site<'_>) -> Option<Fault> {
    let first = s.circuit.op_qubits(site.op).first()?;
    (in_hardware_box(s, site) && matches!(s.circuit.labels, QubitLabels::Registers(_))).then(|| {
        Fault::new(site.span, format!("a verbatim box names hardware qubits, not `{}`", s.written(*first)))
    })
}

pub fn partly_verbatim(s: &Subject<'_>) -> Vec<Fault> {
    match (s.facts.verbatim, s.facts.outside) {
        (Some(_), Some(outside)) if takes_verbatim(s) && !s.device.partial_verbatim => {
            vec![Fault::new(
                outside,
                format!("{} takes all gates in the verbatim box, or none", s.device.name),
            )]
        }
        _ => Vec::new(),
    }
}

pub fn not_quarter_turn(s: &Subject<'_>, site: &Site<'_>) -> Option<Fault> {
    let Op::Gate(op) = site.op else { return None };
    if !s.device.native_rx_quarter_turns || !in_hardware_box(s, site) || op.gate != Gate::Rx {
        return None;
    }
    let allowed = match s.circuit.gate_angles(op).first()? {
        Angle::Fixed(angle) => {
            let quarters = angle / std::f64::consts::FRAC_PI_2;
            (quarters - quarters.round()).abs() < TURN_TOLERANCE
                && (1.0..=2.0).contains(&quarters.round().abs())
        }
        Angle::Affine { .. } | Angle::Expr(_) => false,
    };
    (!allowed).then(|| Fault::new(site.span, "`rx` in a verbatim box turns by ±pi/2 or ±pi only"))
}

pub fn unitary(s: &Subject<'_>, site: &Site<'_>) -> Option<Fault> {
    let refused = matches!(site.op, Op::Unitary { .. }) && !site.verbatim && !s.device.analog;
    (refused && !s.device.pragmas.contains(&Pragma::Unitary))
        .then(|| Fault::new(site.span, format!("{} takes no explicit matrix", s.device.name)))
}

pub fn noise(s: &Subject<'_>, site: &Site<'_>) -> Option<Fault> {
    let noisy = matches!(site.op, Op::Noise { .. } | Op::Kraus { .. });
    (noisy && !s.device.pragmas.contains(&Pragma::Noise) && !s.device.analog)
        .then(|| Fault::new(site.span, format!("{} takes no noise pragma", s.device.name)))
}

/// Whether the device is one of the service, with its ban on dynamic circuits.
fn is_service(s: &Subject<'_>) -> bool {
    !s.device.is_local() && !s.device.analog
}

pub fn reset(s: &Subject<'_>, site: &Site<'_>) -> Option<Fault> {
    (is_service(s) && matches!(site.op, Op::Reset { .. }))
        .then(|| Fault::new(site.span, format!("{} takes no reset", s.device.name)))
}

pub fn delay(s: &Subject<'_>, site: &Site<'_>) -> Option<Fault> {
    (is_service(s) && matches!(site.op, Op::Delay { .. }))
        .then(|| Fault::new(site.span, format!("{} takes no delay", s.device.name)))
}

pub fn control(s: &Subject<'_>, site: &Site<'_>) -> Option<Fault> {
    let dynamic = match site.op {
        Op::If { .. } => !is_feed_forward(s, site),
        Op::While { .. } | Op::Assign { .. } | Op::Break | Op::Continue | Op::End => true,
        _ => false,
    };
    (is_service(s) && dynamic).then(|| {
        Fault::new(site.span, format!("{} takes nothing that depends on a measurement", s.device.name))
    })
}

/// Whether a branch is IQM's `cc_prx`: one `prx` on a hidden bit.
fn is_feed_forward(s: &Subject<'_>, site: &Site<'_>) -> bool {
    let Op::If { then, otherwise: None, .. } = site.op else { return false };
    let hidden = s.circuit.registers.iter().any(|r| !r.visible);
    let one_prx = matches!(s.circuit.block(*then).ops.as_slice(), [Op::Gate(op)] if op.gate == Gate::Prx);
    hidden && one_prx
}

pub fn feed_forward(s: &Subject<'_>, site: &Site<'_>) -> Option<Fault> {
    let uses = match *site.op {
        Op::Measure { bit, .. } => !is_returned(s.circuit, bit),
        Op::If { .. } => is_feed_forward(s, site),
        _ => false,
    };
    if !uses || !is_service(s) {
        return None;
    }
    let message = match (s.device.experimental.is_empty(), site.verbatim) {
        (true, _) => format!("{} has no feed-forward", s.device.name),
        (false, false) => "feed-forward stands in a verbatim box only".to_owned(),
        (false, true) => return None,
    };
    Some(Fault::new(site.span, message))
}

pub fn used_after_measurement(s: &Subject<'_>) -> Vec<Fault> {
    match s.facts.after_measurement {
        Some((again, _)) if is_service(s) => {
            let message = format!("{} measures at the end only", s.device.name);
            vec![Fault::new(again, message).label("this qubit was measured before")]
        }
        _ => Vec::new(),
    }
}

/// The name of a result type.
pub fn kind(of: &ResultType) -> ResultKind {
    match of {
        ResultType::StateVector => ResultKind::StateVector,
        ResultType::DensityMatrix(_) => ResultKind::DensityMatrix,
        ResultType::Probability(_) => ResultKind::Probability,
        ResultType::Amplitude(_) => ResultKind::Amplitude,
        ResultType::Expectation(_) => ResultKind::Expectation,
        ResultType::Variance(_) => ResultKind::Variance,
        ResultType::Sample(_) => ResultKind::Sample,
        ResultType::AdjointGradient { .. } => ResultKind::AdjointGradient,
    }
}

pub fn result_type(s: &Subject<'_>) -> Vec<Fault> {
    let refused =
        s.circuit.results.iter().filter(|r| !s.device.analog && s.device.result(kind(&r.kind)).is_none());
    refused
        .map(|r| {
            let has: Vec<_> = s.device.results.iter().map(|r| r.kind.pragma()).collect();
            let message = format!("{} computes no {}", s.device.name, kind(&r.kind).pragma());
            Fault::new(r.span, message).label(format!("it computes {}", has.join(", ")))
        })
        .collect()
}

fn observables(of: &ResultType) -> Vec<&Observable> {
    match of {
        ResultType::Expectation(o) | ResultType::Variance(o) | ResultType::Sample(o) => vec![o],
        ResultType::AdjointGradient { terms, .. } => terms.iter().map(|(_, o)| o).collect(),
        _ => Vec::new(),
    }
}

fn factor(of: &Factor) -> &'static str {
    match of {
        Factor::I => "i",
        Factor::X => "x",
        Factor::Y => "y",
        Factor::Z => "z",
        Factor::H => "h",
        Factor::Hermitian(_) => "hermitian",
    }
}

pub fn observable(s: &Subject<'_>) -> Vec<Fault> {
    let mut out = Vec::new();
    for request in &s.circuit.results {
        let Some(row) = s.device.result(kind(&request.kind)) else { continue };
        let factors =
            observables(&request.kind).into_iter().flat_map(|o| o.factors.iter().map(|(f, _)| factor(f)));
        if let Some(name) = factors.into_iter().find(|f| !row.observables.iter().any(|o| o == f)) {
            let message = format!("{} measures no {name} observable", s.device.name);
            out.push(
                Fault::new(request.span, message)
                    .label(format!("it measures {}", row.observables.join(", "))),
            );
        }
    }
    out
}

pub fn result_shots(s: &Subject<'_>) -> Vec<Fault> {
    let Some(shots) = s.shots else { return Vec::new() };
    let mut out = Vec::new();
    for request in &s.circuit.results {
        let Some(row) = s.device.result(kind(&request.kind)) else { continue };
        if (row.min_shots..=row.max_shots).contains(&shots) {
            continue;
        }
        let range = match (row.min_shots, row.max_shots) {
            (0, 0) => "0 shots".to_owned(),
            (least, u64::MAX) => format!("{least} shots or more"),
            (least, most) => format!("{least} to {most} shots"),
        };
        let message = format!("{} on {} takes {range}, not {shots}", row.kind.pragma(), s.device.name);
        out.push(Fault::new(request.span, message));
    }
    out
}

pub fn shots(s: &Subject<'_>) -> Vec<Fault> {
    match (s.shots, s.device.shots) {
        (Some(shots), Some((least, most))) if !(least..=most).contains(&shots) => {
            let message = format!("{} takes {least} to {most} shots, not {shots}", s.device.name);
            vec![Fault::new(Span::default(), message)]
        }
        _ => Vec::new(),
    }
}

pub fn nothing_asked(s: &Subject<'_>) -> Vec<Fault> {
    if s.shots == Some(0)
        && s.circuit.results.is_empty()
        && s.device.shots.is_some_and(|(least, _)| least == 0)
    {
        return vec![Fault::new(Span::default(), "0 shots and no result pragma leave nothing to compute")];
    }
    Vec::new()
}

pub fn measured_and_asked(s: &Subject<'_>) -> Vec<Fault> {
    match (s.facts.measured, s.circuit.results.first()) {
        (Some(measured), Some(_)) if is_service(s) => {
            vec![Fault::new(measured, "the circuit measures and asks for results")]
        }
        _ => Vec::new(),
    }
}

pub fn partly_measured(s: &Subject<'_>) -> Vec<Fault> {
    let Some(first) = s.facts.measured.filter(|_| s.device.kind == DeviceKind::Simulator && is_service(s))
    else {
        return Vec::new();
    };
    let mut measured = vec![false; s.circuit.n_qubits as usize];
    s.walk(&mut |site| {
        if let Op::Measure { qubit, .. } = site.op
            && let Some(slot) = measured.get_mut(*qubit as usize)
        {
            *slot = true;
        }
    });
    let left = (0..s.circuit.n_qubits).filter(|&q| !measured[q as usize]);
    let left: Vec<String> = left.map(|q| s.written(q)).collect();
    if left.is_empty() {
        return Vec::new();
    }
    let message = format!("{} measures all qubits or none; not measured: {}", s.device.name, left.join(", "));
    vec![Fault::new(first, message)]
}

/// Judged once shots are known and taken: exact results exclude nothing.
pub fn conflicting(s: &Subject<'_>) -> Vec<Fault> {
    if s.shots.is_none_or(|n| n == 0) {
        return Vec::new();
    }
    let Some((qubit, span)) = conflict(s.circuit.n_qubits, &s.circuit.results) else { return Vec::new() };
    let message = format!("two results need different bases of {}", s.written(qubit));
    vec![Fault::new(span, message).label("this one asks for another basis than one before")]
}

pub fn pulses(s: &Subject<'_>) -> Vec<Fault> {
    match s.circuit.pulses {
        Some(span) if is_service(s) => {
            vec![Fault::new(span, format!("{} would be sent the gates without these pulses", s.device.name))]
        }
        _ => Vec::new(),
    }
}

pub fn unused_qubits(s: &Subject<'_>) -> Vec<Fault> {
    if !s.device.contiguous_qubits {
        return Vec::new();
    }
    unused(s.circuit)
        .into_iter()
        .map(|(register, qubits)| {
            let message = format!("{} wants every qubit of `{register}` used", s.device.name);
            Fault::new(Span::default(), message).names([register, qubits.join(", ")])
        })
        .collect()
}

/// Registers with the qubits of theirs that nothing acts on, as the program writes them.
pub fn unused(circuit: &Circuit) -> Vec<(String, Vec<String>)> {
    let QubitLabels::Registers(registers) = &circuit.labels else { return Vec::new() };
    let mut used = vec![false; circuit.n_qubits as usize];
    circuit.walk(&mut |op, _| {
        if !matches!(op, Op::Barrier { .. } | Op::Delay { .. }) {
            circuit.op_qubits(op).iter().for_each(|&q| used[q as usize] = true);
        }
    });
    let mut first = 0;
    let mut out = Vec::new();
    for (name, size) in registers {
        let own = used.get(first as usize..(first + size) as usize).unwrap_or(&[]);
        let idle: Vec<String> =
            own.iter().enumerate().filter(|(_, u)| !**u).map(|(i, _)| format!("{name}[{i}]")).collect();
        if !idle.is_empty() {
            out.push((name.clone(), idle));
        }
        first += size;
    }
    out
}

pub fn too_many_gates(s: &Subject<'_>) -> Vec<Fault> {
    match s.device.max_gates {
        Some(most) if s.facts.n_gates > most => {
            let message =
                format!("the circuit has {} gates, {} takes {most}", s.facts.n_gates, s.device.name);
            vec![Fault::new(Span::default(), message)]
        }
        _ => Vec::new(),
    }
}
