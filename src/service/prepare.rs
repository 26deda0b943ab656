//! From what a caller sends to an event that may be stored: the catalogue's rules, the limits, the
//! normal form, and redaction.

use serde_json::Value;

use super::arguments;
use super::emit::EventInput;
use super::redact::{Texts, redact_event, redact_refusal};
use crate::domain::catalogue::{Catalogue, KnownTypes};
use crate::domain::error::{Code, Error, Result};
use crate::domain::event::{NewEvent, Payload, Salt, TypeCheck};
use crate::domain::ids::EventId;
use crate::domain::json::{bounded_text, check_depth, check_size};
use crate::domain::limits::{CORRELATION_ID_CHARS, Limits};
use crate::redact::Redactor;

/// Checks an event and gives it an id and its normal form. An event with an id of the caller's that
/// does not fit its custom type, or the limits of this process, is not refused yet: it may have been
/// stored before, while it did.
pub fn prepare(
    types: &KnownTypes,
    redactor: &Redactor,
    limits: &Limits,
    input: &EventInput,
) -> Result<NewEvent> {
    checked(types, redactor, limits, input).map_err(|error| redact_refusal(redactor, error))
}

fn checked(
    types: &KnownTypes,
    redactor: &Redactor,
    limits: &Limits,
    input: &EventInput,
) -> Result<NewEvent> {
    let id_given = input.event_id.is_some();
    let outer = if id_given { &Limits::MOST } else { limits };
    // Size and depth first: the rules below then work on bounded data.
    let data = bounded_text(&input.event_data, "event_data", outer.event_data())?;
    let name = input.event_type.as_str();
    // What the data lacks is of no use to know where no data would do.
    if types.is_store_only(name) {
        return Err(Error::new(
            Code::ReservedEventType,
            format!("{name} is recorded by the store itself"),
            "choose another event type; list the event types to see them all",
        )
        .at("event_type"));
    }
    let type_check = match types.validate(name, &input.event_data) {
        Err(refusal) if id_given && types.custom(name).is_some() => {
            TypeCheck::Refused(Box::new(redact_refusal(redactor, refusal)))
        }
        checked => checked?,
    };
    let texts = Texts {
        event_data: data,
        metadata: input.metadata.as_ref().map(|value| metadata(value, outer)).transpose()?,
        correlation_id: input.correlation_id.as_deref().map(correlation_id).transpose()?,
    };
    let texts = redact_event(redactor, outer, &input.event_data, input.metadata.as_ref(), texts)?;
    // What stands in place of a secret may be longer.
    texts.correlation_id.as_deref().map(correlation_id).transpose()?;
    let type_check = match id_given.then(|| within(limits, input, &texts)) {
        Some(Err(refusal)) => TypeCheck::Refused(Box::new(refusal)),
        _ => type_check,
    };
    Ok(NewEvent {
        event_id: match input.event_id.as_deref() {
            Some(text) => arguments::event_id(text, "event_id")?,
            None => EventId::generate(),
        },
        id_given,
        event_type: input.event_type.clone(),
        event_data: payload(texts.event_data),
        metadata: texts.metadata.map(payload),
        occurred_at: input
            .occurred_at
            .as_deref()
            .map(|text| arguments::time(text, "occurred_at"))
            .transpose()?,
        caused_by: input
            .caused_by
            .as_deref()
            .map(|text| arguments::event_id(text, "caused_by"))
            .transpose()?,
        correlation_id: texts.correlation_id,
        type_check,
    })
}

/// An event of a built-in type that a use case makes of its arguments. A fault of the payload is told
/// as a fault of the argument, and its size and depth as those of `largest`, the argument that may
/// hold the most.
pub fn prepare_own(
    catalogue: &'static Catalogue,
    redactor: &Redactor,
    limits: &Limits,
    event_type: &str,
    event_data: Value,
    largest: &str,
) -> Result<NewEvent> {
    let input = EventInput::new(event_type, event_data);
    prepare(&catalogue.into(), redactor, limits, &input).map_err(|mut error| {
        let bare = |text: &str| text.replace("event_data.", "").replace("event_data", largest);
        error.field = error.field.as_deref().map(bare);
        error.message = bare(&error.message);
        error
    })
}

/// Refuses an event of which a payload is beyond the limits.
fn within(limits: &Limits, input: &EventInput, texts: &Texts) -> Result<()> {
    let (data, metadata) = (limits.event_data(), limits.metadata());
    check_depth(&input.event_data, "event_data", data.levels)?;
    check_size(&texts.event_data, "event_data", data.bytes)?;
    if let Some(value) = &input.metadata {
        check_depth(value, "metadata", metadata.levels)?;
    }
    texts.metadata.as_deref().map_or(Ok(()), |text| check_size(text, "metadata", metadata.bytes))
}

fn metadata(value: &Value, limits: &Limits) -> Result<String> {
    if !value.is_object() {
        return Err(Error::new(
            Code::InvalidMetadata,
            "metadata is not a JSON object",
            "send an object, such as {\"tags\": [\"ci\"]}, or leave it out",
        )
        .at("metadata"));
    }
    bounded_text(value, "metadata", limits.metadata())
}

fn payload(text: String) -> Payload {
    Payload { text, salt: salt() }
}

fn correlation_id(text: &str) -> Result<String> {
    let chars = text.chars().count();
    if (1..=CORRELATION_ID_CHARS).contains(&chars) {
        return Ok(text.to_owned());
    }
    Err(Error::new(
        Code::FieldOutOfRange,
        format!(
            "correlation_id has {chars} characters, it must have 1 to {}",
            CORRELATION_ID_CHARS
        ),
        "use a short id, such as a UUID or a ticket number",
    )
    .at("correlation_id"))
}

fn salt() -> Salt {
    let mut salt = Salt::default();
    getrandom::fill(&mut salt).expect("the operating system gives random bytes");
    salt
}
