//! What a refusal says of an event type, whether it is built in or custom.

use super::event_type::EventType;

/// An event type as refusals speak of it.
pub trait Described {
    /// The name of the type.
    fn name(&self) -> &str;

    /// What a payload needs, with an example; the hint of most refusals.
    fn usage(&self) -> String;

    /// Whether the type lists a field of this name or alias.
    fn knows(&self, field: &str) -> bool;

    /// What the field of this name or alias means and takes, where the type lists it.
    fn explained(&self, field: &str) -> Option<String>;
}

impl Described for EventType {
    fn name(&self) -> &str {
        self.name
    }

    fn usage(&self) -> String {
        EventType::usage(self)
    }

    fn knows(&self, field: &str) -> bool {
        self.field_named(field).is_some()
    }

    fn explained(&self, field: &str) -> Option<String> {
        let field = self.field_named(field)?;
        Some(format!("{}: {}; {}", field.name, field.meaning(), field.kind))
    }
}

/// What a payload needs, and an example of one.
pub fn usage(name: &str, needs: &[String], example: &str) -> String {
    let needs = if needs.is_empty() { "no field".to_owned() } else { needs.join(" and ") };
    format!("{name} needs {needs}; for example {example}")
}
