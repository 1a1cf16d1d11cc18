//! Tags of tasks.

use serde_json::{Value, json};

use super::{Call, error};
use crate::http::Response;
use crate::time::Now;
use crate::world::World;

fn missing() -> Response {
    error(404, "ResourceNotFoundException", "The resource could not be found.")
}

pub(super) fn list(world: &mut World, _now: Now, call: &Call<'_>) -> Response {
    match world.by_arn.get(&call.subject) {
        Some(&i) => Response::json(200, &json!({"tags": world.tasks[i].tags})),
        None => missing(),
    }
}

pub(super) fn add(world: &mut World, _now: Now, call: &Call<'_>) -> Response {
    let Some(&i) = world.by_arn.get(&call.subject) else { return missing() };
    let Some(tags) = call.body["tags"].as_object() else {
        return error(400, "ValidationException", "tags is required.");
    };
    for (key, value) in tags {
        let Some(value) = value.as_str() else {
            return error(400, "ValidationException", "Tag values are strings.");
        };
        world.tasks[i].tags.insert(key.clone(), value.to_owned());
    }
    Response::json(200, &Value::Object(serde_json::Map::new()))
}

pub(super) fn remove(world: &mut World, _now: Now, call: &Call<'_>) -> Response {
    let Some(&i) = world.by_arn.get(&call.subject) else { return missing() };
    for key in call.request.query("tagKeys") {
        world.tasks[i].tags.remove(&key);
    }
    Response::json(200, &Value::Object(serde_json::Map::new()))
}
