//! One event type of the catalogue.

use serde_json::Value;

use super::category::Category;
use super::described;
use super::field::Field;

/// What the catalogue knows of an event type. Validation, the list of types and the documentation
/// all follow from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventType {
    /// The name, such as `epic_started`.
    pub name: &'static str,
    /// The category.
    pub category: Category,
    /// What the event says, in one sentence.
    pub description: &'static str,
    /// Whether the store alone records it.
    pub store_only: bool,
    /// The fields that its payload may hold; others are accepted as they are.
    pub fields: &'static [Field],
    /// What must be given: of each group at least one field, by its full name. A group of one is a
    /// required field.
    pub required: &'static [&'static [&'static str]],
    /// Payloads as JSON objects in text. The first is the shortest that a user would send.
    pub examples: &'static [&'static str],
}

impl EventType {
    /// What `data` holds for the field of this full name, given under that name or an alias.
    ///
    /// Of a validated payload the value fits the field's kind. A number that is an integer may be
    /// stored as `60.0`: read numbers with [`Value::as_f64`].
    pub fn field<'a>(&self, data: &'a Value, name: &str) -> Option<&'a Value> {
        data.get(name).or_else(|| {
            let field = self.fields.iter().find(|field| field.name == name)?;
            field.aliases.iter().find_map(|alias| data.get(alias))
        })
    }

    /// The field that this name or alias means.
    pub fn field_named(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.names().any(|known| known == name))
    }

    /// The names, aliases included, any of which satisfies a group of `required`.
    pub fn accepted_names(&self, group: &[&str]) -> Vec<&'static str> {
        group.iter().filter_map(|name| self.field_named(name)).flat_map(Field::names).collect()
    }

    /// What a payload needs, with an example; the hint of most refusals.
    pub fn usage(&self) -> String {
        let mut needs: Vec<String> = Vec::new();
        for group in self.required {
            needs.push(match self.accepted_names(group).as_slice() {
                [name] => (*name).to_owned(),
                names => format!("one of {}", names.join(", ")),
            });
        }
        described::usage(self.name, &needs, self.examples[0])
    }
}
