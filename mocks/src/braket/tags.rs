//! Tags of tasks, jobs and spending limits.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Call, error, invalid, tags_of};
use crate::http::Response;
use crate::time::Now;
use crate::world::World;

/// Most tags of one resource. Source: the service's tagging limits.
const MOST: usize = 50;

fn subject<'a>(world: &'a mut World, call: &Call<'_>) -> Result<&'a mut BTreeMap<String, String>, Response> {
    if !call.subject.starts_with("arn:aws") {
        return Err(invalid("The resource ARN is not valid."));
    }
    let missing = || error(404, "ResourceNotFoundException", "The resource could not be found.");
    let arn = &call.subject;
    if !arn.contains(&format!(":{}:{}:", call.caller.region, call.caller.account)) {
        return Err(missing());
    }
    if let Some(&i) = world.by_arn.get(arn) {
        return Ok(&mut world.tasks[i].tags);
    }
    if let Some(job) = world.jobs.get_mut(arn) {
        return Ok(&mut job.tags);
    }
    world.limits.get_mut(arn).map(|limit| &mut limit.tags).ok_or_else(missing)
}

pub(super) fn list(world: &mut World, _now: Now, call: &Call<'_>) -> Response {
    match subject(world, call) {
        Ok(tags) => Response::json(200, &json!({ "tags": tags })),
        Err(response) => response,
    }
}

pub(super) fn add(world: &mut World, _now: Now, call: &Call<'_>) -> Response {
    let tags = match subject(world, call) {
        Ok(tags) => tags,
        Err(response) => return response,
    };
    let given = tags_of(&call.body);
    if given.keys().any(|k| k.starts_with("aws:")) {
        return invalid("Tag keys must not start with aws:.");
    }
    if tags.len() + given.keys().filter(|k| !tags.contains_key(*k)).count() > MOST {
        return invalid(format!("A resource must not have more than {MOST} tags."));
    }
    tags.extend(given);
    Response::json(200, &json!({}))
}

pub(super) fn remove(world: &mut World, _now: Now, call: &Call<'_>) -> Response {
    let keys = call.request.query("tagKeys");
    match subject(world, call) {
        Ok(_) if keys.is_empty() => invalid("tagKeys is required."),
        Ok(tags) => {
            tags.retain(|key, _| !keys.contains(key));
            Response::json(200, &json!({}))
        }
        Err(response) => response,
    }
}
