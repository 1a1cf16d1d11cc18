//! Spending limits: one a device, with the service's two columns.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use shotbook_sim::target::{Catalogue, DeviceKind};

use super::{Call, devices, error, invalid, page, tags_of, text, texts};
use crate::http::Response;
use crate::meter;
use crate::time::{Now, iso};
use crate::world::World;

/// End of a limit that names no period. Source: the service's guide.
const FOREVER_MS: i64 = 4_922_726_400_000;

/// A limit as the service knows it.
#[derive(Clone, Debug)]
pub(crate) struct Limit {
    pub arn: String,
    pub device: String,
    pub tags: BTreeMap<String, String>,
    token: String,
    amount: String,
    start_ms: i64,
    end_ms: i64,
    queued: i128,
    spent: i128,
    created_ms: i64,
    updated_ms: i64,
}

/// Nano-dollars of a text with at most two decimals.
fn nanos(amount: &str) -> Option<i128> {
    let (whole, part) = amount.split_once('.').unwrap_or((amount, ""));
    let cents: i128 = format!("{part:0<2}").parse().ok()?;
    whole.parse::<i128>().ok()?.checked_mul(1_000_000_000)?.checked_add(cents * 10_000_000)
}

impl Limit {
    /// Why a task that may cost so much is refused. Units: nano-dollars.
    pub(crate) fn refusal(&self, estimate: i128, now: Now) -> Option<String> {
        let limit = nanos(&self.amount).unwrap_or(0);
        let inside = (self.start_ms..=self.end_ms).contains(&now.world_ms);
        if inside && limit > 0 && self.queued + self.spent + estimate <= limit {
            return None;
        }
        Some(format!(
            "Attempted to spend over the spending limit or outside the spending limit time window. Spending limit: \
             {}, current spend: {}, estimated cost: {}.{:09}0, start time: {}, end time: {}",
            self.amount,
            meter::dollars(self.queued + self.spent),
            estimate / 1_000_000_000,
            estimate % 1_000_000_000,
            iso(self.start_ms),
            iso(self.end_ms)
        ))
    }

    /// A task was created.
    pub(crate) fn queue(&mut self, estimate: i128) {
        self.queued += estimate;
    }

    /// A task ended; what it cost, 0 unless it completed.
    pub(crate) fn settle(&mut self, estimate: i128, charge: i128) {
        self.queued -= estimate;
        self.spent += charge;
    }

    fn json(&self) -> Value {
        json!({"spendingLimitArn": self.arn, "deviceArn": self.device, "spendingLimit": self.amount,
            "timePeriod": {"startAt": self.start_ms as f64 / 1e3, "endAt": self.end_ms as f64 / 1e3},
            "queuedSpend": meter::dollars(self.queued), "totalSpend": meter::dollars(self.spent),
            "createdAt": iso(self.created_ms), "updatedAt": iso(self.updated_ms), "tags": self.tags})
    }
}

/// First and last moment of a period. Units: milliseconds.
fn period(body: &Value) -> Result<Option<(i64, i64)>, Response> {
    let Some(given) = body["timePeriod"].as_object() else { return Ok(None) };
    let ms = |name: &str| given[name].as_f64().map_or(0, |s| (s * 1e3) as i64);
    let (start, end) = (ms("startAt"), ms("endAt"));
    if start >= end {
        return Err(invalid("The start time of the time period must be before its end time."));
    }
    Ok(Some((start, end)))
}

pub(super) fn create(world: &mut World, now: Now, call: &Call<'_>) -> Response {
    try_create(world, now, call).unwrap_or_else(|refusal| refusal)
}

fn try_create(world: &mut World, now: Now, call: &Call<'_>) -> Result<Response, Response> {
    let body = &call.body;
    let (token, arn) = (text(body, "clientToken"), text(body, "deviceArn"));
    let own = call.caller.prefix("spending-limit/");
    let mine = |l: &&Limit| l.arn.starts_with(&own);
    if let Some(same) = world.limits.values().filter(mine).find(|l| l.token == token) {
        return Ok(Response::json(201, &json!({"spendingLimitArn": same.arn})));
    }
    if Catalogue::embedded().retired().iter().any(|r| r.arn == arn) {
        return Err(devices::retired(arn));
    }
    if Catalogue::embedded().devices().iter().any(|d| d.arn == arn && d.kind != DeviceKind::Qpu) {
        return Err(invalid("Spending limits are supported for QPUs only."));
    }
    devices::known(arn, &call.caller.region)?;
    if world.limits.values().filter(mine).any(|l| l.device == arn) {
        return Err(invalid(format!("A spending limit already exists for device {arn}.")));
    }
    let (start_ms, end_ms) = period(body)?.unwrap_or((now.world_ms, FOREVER_MS));
    let amount = text(body, "spendingLimit");
    if nanos(amount).is_none() {
        return Err(invalid("The spending limit is too large."));
    }
    let limit = Limit {
        arn: format!("{own}{}", world.uuid("spending-limit")),
        device: arn.to_owned(),
        tags: tags_of(body),
        token: token.to_owned(),
        amount: amount.to_owned(),
        start_ms,
        end_ms,
        queued: 0,
        spent: 0,
        created_ms: now.world_ms,
        updated_ms: now.world_ms,
    };
    let out = json!({"spendingLimitArn": limit.arn});
    world.limits.insert(limit.arn.clone(), limit);
    Ok(Response::json(201, &out))
}

fn find<'a>(world: &'a mut World, call: &Call<'_>) -> Result<&'a mut Limit, Response> {
    let missing =
        || error(404, "ResourceNotFoundException", format!("Spending limit {} is not found.", call.subject));
    if !call.subject.contains(":spending-limit/") {
        return Err(invalid("The spending limit ARN is not valid."));
    }
    if !call.subject.starts_with(&call.caller.prefix("")) {
        return Err(missing());
    }
    world.limits.get_mut(&call.subject).ok_or_else(missing)
}

pub(super) fn update(world: &mut World, now: Now, call: &Call<'_>) -> Response {
    let changed = find(world, call).and_then(|limit| {
        let period = period(&call.body)?;
        if let Some(amount) = call.body["spendingLimit"].as_str() {
            let new = nanos(amount).ok_or_else(|| invalid("The spending limit is too large."))?;
            if limit.queued + limit.spent > new {
                return Err(invalid("The spending limit must not be less than the current spend."));
            }
            limit.amount = amount.to_owned();
        }
        if let Some((start, end)) = period {
            (limit.start_ms, limit.end_ms) = (start, end);
        }
        limit.updated_ms = now.world_ms;
        Ok(())
    });
    changed.map_or_else(|refusal| refusal, |()| Response::json(200, &json!({})))
}

pub(super) fn delete(world: &mut World, _now: Now, call: &Call<'_>) -> Response {
    match find(world, call).map(|limit| limit.arn.clone()) {
        Ok(arn) => {
            world.limits.remove(&arn);
            Response::json(200, &json!({}))
        }
        Err(refusal) => refusal,
    }
}

pub(super) fn search(world: &mut World, _now: Now, call: &Call<'_>) -> Response {
    let own = call.caller.prefix("");
    let mut rows = Vec::new();
    for limit in world.limits.values().filter(|l| l.arn.starts_with(&own)) {
        let mut passes = true;
        for filter in call.body["filters"].as_array().into_iter().flatten() {
            if text(filter, "name") != "deviceArn" {
                return invalid(format!("Filter {} is not supported.", filter["name"]));
            }
            passes &= texts(&filter["values"]).contains(&limit.device.as_str());
        }
        if passes {
            rows.push((limit.arn.as_str(), || limit.json()));
        }
    }
    page(rows, &call.body, "spendingLimits", 20)
}
