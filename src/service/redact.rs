//! Redacting: what is stored of a caller's texts, and trying the rules on a text.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::domain::error::{Code, Error, Result};
use crate::domain::json::bounded_text;
use crate::domain::limits::{Limits, PayloadLimits};
use crate::redact::{AllowList, Counts, Found, Redactor, replace};

/// The caller's texts of an event in the form in which they are stored.
#[derive(Debug)]
pub(super) struct Texts {
    /// The normal text of `event_data`.
    pub event_data: String,
    /// The normal text of `metadata`.
    pub metadata: Option<String>,
    /// Groups events that belong to one piece of work.
    pub correlation_id: Option<String>,
}

/// Replaces the secrets in `texts`, which are those of the payloads given besides, and counts them in
/// the metadata. The same texts always give the same answer.
///
/// # Errors
///
/// `invalid_metadata` when the reserved key of the metadata holds something else, found or not;
/// `payload_too_large` when a payload is beyond its limit with its secrets replaced.
pub(super) fn redact_event(
    redactor: &Redactor,
    limits: &Limits,
    event_data: &Value,
    metadata: Option<&Value>,
    texts: Texts,
) -> Result<Texts> {
    Counts::of_metadata(metadata)?;
    let mut counts = Counts::default();
    let event_data = redact_payload(redactor, event_data, &texts.event_data, &mut counts);
    let new_metadata = match (metadata, &texts.metadata) {
        (Some(value), Some(text)) => redact_payload(redactor, value, text, &mut counts),
        _ => None,
    };
    let correlation_id =
        texts.correlation_id.as_deref().map(|text| redactor.text(text, &mut counts).into_owned());
    if counts.is_empty() {
        return Ok(texts);
    }
    let mut fields = match new_metadata.or_else(|| metadata.cloned()) {
        Some(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    counts.record(&mut fields)?;
    let event_data = match event_data {
        Some(value) => bounded(&value, "event_data", limits.event_data())?,
        None => texts.event_data,
    };
    let metadata = bounded(&Value::Object(fields), "metadata", limits.metadata())?;
    Ok(Texts { event_data, metadata: Some(metadata), correlation_id })
}

/// A payload without its secrets, where it has any. Its normal text tells in one pass whether it may.
fn redact_payload(
    redactor: &Redactor,
    value: &Value,
    text: &str,
    counts: &mut Counts,
) -> Option<Value> {
    if !redactor.may_find(text) {
        return None;
    }
    let mut redacted = value.clone();
    redactor.value(&mut redacted, counts);
    (redacted != *value).then_some(redacted)
}

fn bounded(value: &Value, field: &str, limits: PayloadLimits) -> Result<String> {
    bounded_text(value, field, limits).map_err(|mut error| {
        error.message.push_str("; secrets were replaced in it, which made it longer");
        error
    })
}

/// A text of an instance as it is stored.
pub(super) fn redact_text(redactor: &Redactor, text: &str) -> String {
    redactor.text(text, &mut Counts::default()).into_owned()
}

/// A refusal without the secrets of the values that it shows.
pub(super) fn redact_refusal(redactor: &Redactor, mut refusal: Error) -> Error {
    refusal.message = redact_text(redactor, &refusal.message);
    refusal.hint = redact_text(redactor, &refusal.hint).into();
    refusal.field = refusal.field.map(|field| redact_text(redactor, &field));
    if let Some(details) = &refusal.details {
        let mut details = Value::Object(details.as_ref().clone());
        redactor.value(&mut details, &mut Counts::default());
        if let Value::Object(details) = details {
            refusal.details = Some(details.into());
        }
    }
    refusal
}

/// A refusal as it may be shown: without the secrets that a caller put into an argument, a key or a
/// name. The entry layers say no refusal without it.
pub fn without_secrets(refusal: Error) -> Error {
    redact_refusal(Redactor::standard(), refusal)
}

/// A text about what a caller gave, such as how a command is used, as it may be shown.
pub fn text_without_secrets(text: &str) -> String {
    redact_text(Redactor::standard(), text)
}

/// Refuses a name, or a definition, with a secret: it is shown everywhere, and nothing can stand in the
/// secret's place.
///
/// # Errors
///
/// `code`, without the name.
pub(super) fn refuse_secret(
    redactor: &Redactor,
    name: &str,
    field: &str,
    code: Code,
) -> Result<()> {
    let Some(found) = redactor.find(name).into_iter().next() else { return Ok(()) };
    Err(Error::new(
        code,
        format!("{field} holds what looks like a secret, by the rule {}", found.rule),
        "write nothing there that not everybody may read",
    )
    .at(field))
}

/// The rules of redaction with exceptions of the user's own: texts, and regular expressions that must
/// match as a whole, which are no secrets.
///
/// # Errors
///
/// `invalid_argument` for an expression that cannot be compiled.
pub fn redactor_allowing(texts: &[String], patterns: &[String]) -> Result<Redactor> {
    let mut allow = AllowList::default();
    texts.iter().for_each(|text| allow.text(text));
    for pattern in patterns {
        allow.pattern(pattern).map_err(|error| {
            // The last line of a fault of syntax says what is wrong; those before show the place.
            let error = error.to_string();
            let why = error.lines().last().unwrap_or_default().trim_start_matches("error: ");
            Error::new(
                Code::InvalidArgument,
                format!("{pattern:?} is no regular expression: {why}"),
                "mend it; what stands for itself, such as a dot, needs a backslash before it",
            )
        })?;
    }
    Ok(Redactor::new(allow))
}

/// Asks what would be redacted in a text.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RedactRequest {
    /// Any text.
    pub text: String,
}

/// A text as it would be stored.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct RedactAnswer {
    /// Always true.
    pub success: bool,
    /// The text with every secret replaced.
    pub text: String,
    /// How many secrets were found, by rule.
    pub redactions: BTreeMap<String, u64>,
    /// What was found, in order; not the secrets themselves.
    pub findings: Vec<FindingView>,
}

/// A secret that was found in a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FindingView {
    /// The rule that found it, which stands in its place.
    pub rule: String,
    /// The line that it starts in, counted from 1.
    pub line: u64,
    /// The character of the line that it starts at, counted from 1.
    pub column: u64,
    /// How many characters it has.
    pub characters: u64,
}

/// Finds and replaces the secrets of a text by the rules that every event goes through. Nothing is
/// stored. An event is also searched by the names of its fields; here, names count as they stand in
/// the text.
pub fn redact(redactor: &Redactor, request: &RedactRequest) -> RedactAnswer {
    let found = redactor.find(&request.text);
    let mut counts = Counts::default();
    counts.add(&found);
    RedactAnswer {
        success: true,
        text: replace(&request.text, &found),
        redactions: counts.by_rule().clone(),
        findings: views(&request.text, &found),
    }
}

fn views(text: &str, found: &[Found]) -> Vec<FindingView> {
    let (mut line, mut line_start, mut seen) = (1, 0, 0);
    let mut views = Vec::with_capacity(found.len());
    for found in found {
        let passed = &text[seen..found.range.start];
        line += passed.matches('\n').count() as u64;
        line_start = passed.rfind('\n').map_or(line_start, |at| seen + at + 1);
        seen = found.range.start;
        views.push(FindingView {
            rule: found.rule.to_owned(),
            line,
            column: text[line_start..seen].chars().count() as u64 + 1,
            characters: text[found.range.clone()].chars().count() as u64,
        });
    }
    views
}
