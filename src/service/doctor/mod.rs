//! What is right and wrong with a store and the place where it is, each with its meaning and its fix.

mod inside;
mod place;
mod work;

#[cfg(test)]
mod tests;

use serde::Serialize;

use crate::domain::time::Timestamp;
use crate::store::{Found, Inspection};

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// As it should be.
    Ok,
    /// To be looked at; nothing is lost or refused.
    Warning,
    /// Events are refused, at risk or at fault.
    Problem,
}

impl Level {
    /// The level as shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Ok => "ok",
            Level::Warning => "warning",
            Level::Problem => "problem",
        }
    }
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The check.
    pub check: &'static str,
    /// How it went.
    pub level: Level,
    /// What was found.
    pub message: String,
    /// What that means; not for what is as it should be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meaning: Option<String>,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

impl Finding {
    /// All is as it should be.
    pub fn ok(check: &'static str, message: impl Into<String>) -> Self {
        Self { check, level: Level::Ok, message: message.into(), meaning: None, fix: None }
    }

    /// Something is to be looked at.
    pub fn warning(
        check: &'static str,
        message: impl Into<String>,
        meaning: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        let (meaning, fix) = (Some(meaning.into()), Some(fix.into()));
        Self { check, level: Level::Warning, message: message.into(), meaning, fix }
    }

    /// Something is wrong.
    pub fn problem(
        check: &'static str,
        message: impl Into<String>,
        meaning: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self { level: Level::Problem, ..Self::warning(check, message, meaning, fix) }
    }
}

/// Judges what a look at a store found, at `now` by the clock of the system.
pub fn examine(inspection: &Inspection, now: Timestamp) -> Vec<Finding> {
    let mut findings = vec![store(inspection)];
    findings.extend(place::examine(inspection));
    let newest = match &inspection.found {
        Found::Store(inside) => {
            findings.extend(inside::examine(inside));
            inside.newest_event
        }
        Found::Nothing | Found::Unusable(_) => None,
    };
    findings.push(inside::clock(newest, now));
    findings
}

fn store(inspection: &Inspection) -> Finding {
    let address = &inspection.address;
    match &inspection.found {
        Found::Store(inside) => Finding::ok("store", format!("{address}, {}", bytes(inside.bytes))),
        Found::Nothing => Finding::ok(
            "store",
            format!("{address} is not there yet; the first command that opens it makes it"),
        ),
        Found::Unusable(error) => Finding::problem(
            "store",
            error.message.clone(),
            format!("no command can use the store ({})", error.code),
            error.hint.clone(),
        ),
    }
}

/// A number of things: `1 event`, `2 events`.
fn count(number: u64, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{ending}")
}

/// A number of bytes in a unit that suits it.
fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} bytes");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let digits = usize::from(value < 10.0);
    format!("{value:.digits$} {}", UNITS[unit])
}
