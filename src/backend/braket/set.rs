//! Results of program sets that the service wrote in parts, put together. Source: program_set_task_result v1.

use serde_json::Value;

use crate::backend::RemoteError;

/// Longest root document of a split result; it holds names alone. Units: bytes.
const ROOT_BYTES: usize = 1 << 20;
/// Most bytes of all parts. Units: bytes.
const WHOLE_BYTES: usize = 256 << 20;

/// The result with each named part in the place of its name; what is whole stays byte for byte.
pub(super) async fn whole(
    root: Vec<u8>,
    get: impl AsyncFn(&str) -> Result<Vec<u8>, RemoteError>,
) -> Result<Vec<u8>, RemoteError> {
    if root.len() > ROOT_BYTES {
        return Ok(root);
    }
    let Ok(mut file) = serde_json::from_slice::<Value>(&root) else { return Ok(root) };
    let split = file["programResults"].as_array().is_some_and(|p| p.iter().any(Value::is_string));
    if !split {
        return Ok(root);
    }
    let mut room = WHOLE_BYTES;
    fetch(&mut file["taskMetadata"], "", &mut room, &get).await?;
    for program in file["programResults"].as_array_mut().into_iter().flatten() {
        let folder = match program.as_str().and_then(|name| name.rsplit_once('/')) {
            Some((folder, _)) => format!("{folder}/"),
            None => String::new(),
        };
        fetch(program, "", &mut room, &get).await?;
        for executable in program["executableResults"].as_array_mut().into_iter().flatten() {
            fetch(executable, &folder, &mut room, &get).await?;
        }
    }
    file["s3Location"] = Value::Null;
    Ok(file.to_string().into_bytes())
}

/// Puts the document that a name stands for in its place.
async fn fetch(
    place: &mut Value,
    folder: &str,
    room: &mut usize,
    get: &impl AsyncFn(&str) -> Result<Vec<u8>, RemoteError>,
) -> Result<(), RemoteError> {
    let Some(name) = place.as_str() else { return Ok(()) };
    let bytes = get(&format!("{folder}{name}")).await?;
    *room = room.checked_sub(bytes.len()).ok_or(RemoteError::TooLarge(WHOLE_BYTES as u64))?;
    // A part that is no JSON stays a name, and reading says so.
    if let Ok(value) = serde_json::from_slice(&bytes) {
        *place = value;
    }
    Ok(())
}
