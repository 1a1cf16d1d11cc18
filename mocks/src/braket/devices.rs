//! Devices: what they are, whether they take work, and who may ask.

use serde_json::{Value, json};
use shotbook_sim::target::{Catalogue, Connectivity, Device, DeviceKind, DeviceState, Retired};

use super::{Call, Task, capabilities, error, invalid, page, text, texts};
use crate::faults::Kind;
use crate::http::Response;
use crate::time::Now;
use crate::world::{Advance, World};

fn status(state: DeviceState) -> &'static str {
    match state {
        DeviceState::Online => "ONLINE",
        DeviceState::Offline => "OFFLINE",
        DeviceState::Retired => "RETIRED",
    }
}

fn kind(device: &Device) -> &'static str {
    if device.kind == DeviceKind::Simulator { "SIMULATOR" } else { "QPU" }
}

fn state(world: &World, device: &Device) -> DeviceState {
    world.device_states.get(&device.arn).copied().unwrap_or(device.status.state)
}

fn summary(world: &World, device: &Device, fate: Option<Kind>) -> Value {
    let spell = fate == Some(Kind::Offline);
    let state = if spell { DeviceState::Offline } else { state(world, device) };
    json!({"deviceArn": device.arn, "deviceName": device.device_name, "providerName": device.provider,
        "deviceType": kind(device), "deviceStatus": status(state)})
}

fn gone(device: &Retired) -> Value {
    let kind = if device.arn.contains("quantum-simulator") { "SIMULATOR" } else { "QPU" };
    json!({"deviceArn": device.arn, "deviceName": device.device_name, "providerName": device.provider,
        "deviceType": kind, "deviceStatus": "RETIRED"})
}

/// Whether a region knows of a withdrawn device.
fn lists(device: &Retired, region: &str) -> bool {
    // The withdrawn simulator worked in three regions.
    let everywhere = ["us-east-1", "us-west-2", "eu-west-2"];
    let simulator = device.arn.contains("quantum-simulator");
    capabilities::retired::home(device) == region || simulator && everywhere.contains(&region)
}

/// A withdrawn device that a region knows of.
fn withdrawn(arn: &str, region: &str) -> Option<&'static Retired> {
    Catalogue::embedded().retired().iter().find(|r| r.arn == arn && lists(r, region))
}

pub(super) fn retired(arn: &str) -> Response {
    error(410, "DeviceRetiredException", format!("Device {arn} is retired."))
}

pub(super) fn offline(arn: &str) -> Response {
    error(424, "DeviceOfflineException", format!("Device {arn} is offline."))
}

/// A device of the catalogue that a region serves.
pub(super) fn known(arn: &str, region: &str) -> Result<&'static Device, Response> {
    let device = Catalogue::embedded().devices().iter().find(|d| d.arn == arn && !d.is_local());
    let device = device.ok_or_else(|| invalid(format!("Device {arn} is not found.")))?;
    if !device.regions.iter().any(|home| home == region) {
        return Err(invalid(format!("Device {arn} is not available in {region}.")));
    }
    Ok(device)
}

/// A device that takes new work now.
pub(super) fn accepting(world: &World, arn: &str, region: &str) -> Result<&'static Device, Response> {
    if Catalogue::embedded().retired().iter().any(|r| r.arn == arn) {
        return Err(retired(arn));
    }
    let device = known(arn, region)?;
    match state(world, device) {
        DeviceState::Retired => Err(retired(arn)),
        DeviceState::Offline => Err(offline(arn)),
        DeviceState::Online => Ok(device),
    }
}

/// Why a booked window cannot be used, if one is named. Source of the words: the SDK's own tests.
pub(super) fn reservation_refusal(body: &Value, device: &str, account: &str) -> Option<Response> {
    let arn = text(&body["associations"][0], "arn");
    if arn.is_empty() {
        return None;
    }
    if !device.contains(":device/qpu/") {
        return Some(invalid(format!("Braket Direct is not supported for {device}.")));
    }
    let (home, mut parts) = (device.split(':').nth(3).unwrap_or(""), arn.splitn(6, ':').skip(3));
    let (region, owner) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
    let id = parts.next().and_then(|p| p.strip_prefix("reservation/")).unwrap_or("");
    let sizes: Vec<usize> = id.split('-').map(str::len).collect();
    let is_uuid = sizes == [8, 4, 4, 4, 12] && id.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit());
    let known = is_uuid && region == home && owner == account;
    (!known).then(|| invalid("Reservation arn is invalid"))
}

pub(super) fn get(world: &mut World, _now: Now, call: &Call<'_>) -> Response {
    let missing =
        || error(404, "ResourceNotFoundException", format!("Device {} is not found.", call.subject));
    if !call.subject.starts_with("arn:aws") || !call.subject.contains(":device/") {
        return invalid("The device ARN is not valid.");
    }
    // Clients that do not name the schema version are not told of OpenQASM. Source: service model.
    let openqasm = knows_openqasm(call.request.header("user-agent").unwrap_or(""));
    let host = call.request.header("host").unwrap_or("127.0.0.1");
    let found = Catalogue::embedded().devices().iter().find(|d| d.arn == call.subject && !d.is_local());
    let Some(device) = found else {
        let Some(old) = withdrawn(&call.subject, &call.caller.region) else { return missing() };
        let mut out = gone(old);
        out["deviceCapabilities"] = json!(capabilities::retired::document(old, openqasm, host).to_string());
        out["deviceQueueInfo"] = json!([]);
        return Response::json(200, &out);
    };
    if !device.regions.contains(&call.caller.region) {
        return missing();
    }
    let mut out = summary(world, device, call.fate);
    let queued = |wanted: bool| {
        let waits = |t: &&Task| t.device == device.arn && t.job.is_some() == wanted && !t.is_over();
        match world.tasks.iter().filter(waits).count() {
            n @ 0..=4000 => n.to_string(),
            _ => ">4000".to_owned(),
        }
    };
    let (normal, priority) = if world.config.advance == Advance::FirstAsked {
        ("0".to_owned(), "0".to_owned())
    } else {
        (queued(false), queued(true))
    };
    let mut document = capabilities::document(device, openqasm, host);
    if call.fate == Some(Kind::PriceChange)
        && let Some(price) = document["service"]["deviceCost"]["price"].as_f64()
    {
        document["service"]["deviceCost"]["price"] = json!(price * 2.0);
    }
    out["deviceCapabilities"] = json!(document.to_string());
    out["deviceQueueInfo"] = json!([
        {"queue": "QUANTUM_TASKS_QUEUE", "queueSize": normal, "queuePriority": "Normal"},
        {"queue": "QUANTUM_TASKS_QUEUE", "queueSize": priority, "queuePriority": "Priority"},
        {"queue": "JOBS_QUEUE", "queueSize": "0"}
    ]);
    Response::json(200, &out)
}

/// The calibrations of pulses that an address names.
pub(crate) fn calibrations(path: &str) -> Response {
    let name = path.strip_prefix(capabilities::CALIBRATIONS).and_then(|n| n.strip_suffix(".json"));
    let is_named = |arn: &str| name.is_some_and(|n| !n.is_empty() && arn.ends_with(&format!("rigetti/{n}")));
    let catalogue = Catalogue::embedded();
    let pulses = capabilities::pulse::calibrations;
    if let Some(device) = catalogue.devices().iter().find(|d| is_named(&d.arn)) {
        let pairs = match &device.connectivity {
            Connectivity::Edges(edges) => edges.as_slice(),
            _ => &[],
        };
        return Response::json(200, &pulses(&device.qubit_labels, pairs));
    }
    match catalogue.retired().iter().find(|d| is_named(&d.arn)) {
        Some(old) => Response::json(200, &pulses(&capabilities::retired::labels(old), &[])),
        None => Response::json(404, &json!({"message": "there are no such calibrations"})),
    }
}

/// Whether a user agent names version 1.8.0 of the schemas, or a later one.
fn knows_openqasm(agent: &str) -> bool {
    let Some(version) = agent.split_once("BraketSchemas/").map(|(_, v)| v) else { return false };
    let mut parts = version.split(|c: char| !c.is_ascii_digit()).map(|p| p.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) >= (1, 8)
}

pub(super) fn search(world: &mut World, _now: Now, call: &Call<'_>) -> Response {
    let filters = call.body["filters"].as_array().map_or(&[][..], Vec::as_slice);
    if let Some(other) = filters.iter().find(|f| text(f, "name") != "deviceArn") {
        return invalid(format!("Filter {} is not supported.", other["name"]));
    }
    let asked = |arn: &str| filters.iter().all(|f| texts(&f["values"]).contains(&arn));
    let region = &call.caller.region;
    let catalogue = Catalogue::embedded();
    let mut rows: Vec<(&str, Value)> = Vec::new();
    for device in catalogue.devices() {
        if !device.is_local() && device.regions.contains(region) && asked(&device.arn) {
            rows.push((&device.arn, summary(world, device, call.fate)));
        }
    }
    for old in catalogue.retired() {
        if lists(old, region) && asked(&old.arn) {
            rows.push((&old.arn, gone(old)));
        }
    }
    page(rows.into_iter().map(|(arn, row)| (arn, || row)).collect(), &call.body, "devices", 10)
}

#[cfg(test)]
mod tests {
    use super::knows_openqasm;

    #[test]
    fn openqasm_is_for_clients_that_know_it() {
        for (agent, knows) in [
            ("Boto3/1.44.5 BraketSdk/1.127.5 BraketSchemas/1.32.1.post0", true),
            ("x BraketSchemas/1.8.0", true),
            ("x BraketSchemas/1.7.9", false),
            ("x BraketSchemas/2.0.0", true),
            ("Boto3/1.44.5", false),
            ("BraketSchemas/", false),
        ] {
            assert_eq!(knows_openqasm(agent), knows, "{agent}");
        }
    }
}
