//! One file a verb: arguments, deed, view.

pub mod budget;
pub mod cancel;
pub mod check;
pub mod completions;
pub mod cost;
pub mod devices;
pub mod diff;
pub mod doctor;
pub mod draw;
pub mod energy;
pub mod help;
pub mod import;
pub mod jobs;
pub mod man;
#[cfg(feature = "mock")]
pub mod mock;
pub mod models;
pub mod on;
pub mod prices;
pub mod quote;
pub mod reconcile;
pub mod report;
pub mod reproduce;
pub mod resolve;
pub mod result;
pub mod resume;
pub mod run;
pub mod shots;
pub mod show;
pub mod specialize;
pub mod store;
pub mod submit;
pub mod sweep;
pub mod tag;
pub mod train;
pub mod translate;
pub mod wait;
pub mod watch;
pub mod why;
pub mod worker;

/// The form of a file: the one that was asked for, or what the file's name says.
fn form_of(asked: &str, path: &std::path::Path) -> String {
    match path.extension().and_then(|e| e.to_str()).map(str::to_lowercase) {
        Some(form) if asked == "table" && matches!(form.as_str(), "json" | "csv" | "parquet" | "html") => {
            form
        }
        _ => asked.to_owned(),
    }
}
