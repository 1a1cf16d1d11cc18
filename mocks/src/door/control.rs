//! Writes below `/_shotbook/`: they need the token and JSON.

use serde::Deserialize;
use serde_json::{Value, json};

use super::http::Shared;
use crate::faults::Fault;
use crate::http::{Request, Response};
use crate::world::World;
use crate::{DeviceState, time};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockMove {
    advance_ms: Option<i64>,
    set: Option<String>,
    rate: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeviceMove {
    device: String,
    status: String,
}

fn say(status: u16, message: impl Into<String>) -> Response {
    Response::json(status, &json!({"message": message.into()}))
}

pub(super) fn answer(request: &Request, shared: &Shared) -> Response {
    let given = request.header("authorization").and_then(|h| h.strip_prefix("Bearer "));
    if !given.is_some_and(|given| same(given, &shared.token)) {
        return say(403, "this needs the token that the stand-in printed");
    }
    if !request.header("content-type").is_some_and(|t| t.starts_with("application/json")) {
        return say(403, "this takes JSON");
    }
    let outcome = match request.path() {
        "/_shotbook/clock" => clock(request, shared),
        "/_shotbook/faults" | "/_shotbook/devices" | "/_shotbook/reset" => {
            let now = shared.now();
            let mut world = shared.world();
            let done = carry_out(request, &mut world);
            if done.is_ok()
                && let Some(keep) = &shared.keep
            {
                keep.control(now, request);
            }
            done
        }
        _ => return say(404, "there is no such control"),
    };
    match outcome {
        Ok(value) => Response::json(200, &value),
        Err(why) => say(400, why),
    }
}

/// Compares in a time that does not tell how much was right.
fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |d, (x, y)| d | (x ^ y)) == 0
}

fn read<'a, T: Deserialize<'a>>(request: &'a Request) -> Result<T, String> {
    serde_json::from_slice(&request.body).map_err(|e| e.to_string())
}

/// Does to a world what a control asks for.
pub(super) fn carry_out(request: &Request, world: &mut World) -> Result<Value, String> {
    match request.path() {
        "/_shotbook/faults" => faults(request, world),
        "/_shotbook/devices" => device(request, world),
        "/_shotbook/jobs" => world.take_report(read(request)?),
        _ => {
            world.reset();
            Ok(json!({"message": "reset"}))
        }
    }
}

/// Arms a fault or several; an empty list disarms all.
fn faults(request: &Request, world: &mut World) -> Result<Value, String> {
    let value: Value = read(request)?;
    let list: Vec<Fault> = match value {
        Value::Array(_) => serde_json::from_value(value).map_err(|e| e.to_string())?,
        one => vec![serde_json::from_value(one).map_err(|e| e.to_string())?],
    };
    list.iter().try_for_each(Fault::check)?;
    if list.is_empty() {
        world.disarm();
        return Ok(json!({"message": "disarmed"}));
    }
    list.into_iter().for_each(|fault| world.arm(fault));
    Ok(json!({"message": "armed"}))
}

fn clock(request: &Request, shared: &Shared) -> Result<Value, String> {
    let asked: ClockMove = read(request)?;
    let wall = shared.now().wall_ms;
    let mut clock = shared.clock();
    if let Some(rate) = asked.rate {
        clock.set_rate(wall, rate.min(1_000_000));
    }
    let now = clock.now(wall).world_ms;
    let by = match (asked.advance_ms, &asked.set) {
        (Some(by), None) => by,
        (None, Some(text)) => time::parse_iso(text).ok_or("set takes an ISO 8601 time")? - now,
        (None, None) => 0,
        _ => return Err("either advance_ms or set".to_owned()),
    };
    if by < 0 {
        return Err("the clock does not run backwards".to_owned());
    }
    clock.advance(wall, by);
    if let Some(keep) = &shared.keep {
        keep.control(clock.now(wall), request);
    }
    Ok(json!({"time": time::iso(clock.now(wall).world_ms)}))
}

fn device(request: &Request, world: &mut World) -> Result<Value, String> {
    let asked: DeviceMove = read(request)?;
    let state = [DeviceState::Online, DeviceState::Offline, DeviceState::Retired];
    let state = state.into_iter().find(|s| s.word() == asked.status);
    let state = state.ok_or("status is ONLINE, OFFLINE or RETIRED")?;
    if world.set_device(&asked.device, state) {
        Ok(json!({"message": "set"}))
    } else {
        Err(format!("{} is no device", asked.device))
    }
}
