//! What hardware does to a circuit: its published fidelities, or plain ones where there are none.

use shotbook_sim::circuit::Circuit;
use shotbook_sim::noise_model::{Fidelities, of_device};
use shotbook_sim::target::{Device, DeviceKind};

/// Work above which a circuit runs without noise: nobody waits minutes for a stand-in. Units:
/// amplitudes touched, one for each shot, operation and basis state.
const MOST_WORK: u64 = 1_000_000_000;

/// Fidelities of a device, as its capabilities publish them and its circuits feel them.
pub(crate) fn fidelities(device: &Device) -> Fidelities {
    of_device(device).copied().unwrap_or(Fidelities {
        device: "",
        one: 0.999,
        two: 0.99,
        readout: 0.97,
        source: "none: an order of magnitude",
        confidence: "low",
    })
}

/// The circuit as hardware runs it; `None` when it runs as it is.
pub(super) fn on_hardware(circuit: &Circuit, device: &Device, shots: u64) -> Option<Circuit> {
    let states = 1u64.checked_shl(circuit.n_qubits)?;
    let work = shots.saturating_mul(circuit.ops.ops.len() as u64).saturating_mul(states);
    if device.kind != DeviceKind::Qpu || device.analog || work > MOST_WORK {
        return None;
    }
    fidelities(device).model().apply(circuit).ok()
}
