//! What a custom event type is: its name, its schema and its examples, and which are accepted.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{CustomType, form, invalid, schema_rules};
use crate::domain::catalogue::{Catalogue, Category, refusal};
use crate::domain::error::{Code, Error, Result};
use crate::domain::json::normal_text;
use crate::domain::limits;

/// Names with this prefix are kept for types that later releases bring.
const RESERVED_PREFIX: &str = "annals_";

/// The definition of a custom event type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// The name, such as `review_completed`. Not part of the stored text.
    #[serde(skip)]
    pub name: String,
    /// The category.
    pub category: Category,
    /// What an event of the type says.
    pub description: String,
    /// The JSON Schema (draft 2020-12) of the payload.
    pub schema: Map<String, Value>,
    /// Payloads as examples.
    pub examples: Vec<Map<String, Value>>,
}

impl Definition {
    /// Reads and checks a definition as users write it; `docs/custom-types.md` describes the form.
    ///
    /// # Errors
    ///
    /// `invalid_event_type` with the place of the fault; `unknown_category`.
    pub fn from_toml(text: &str) -> Result<Self> {
        check_size(text.len())?;
        let definition = form::read(text)?;
        definition.check()?;
        Ok(definition)
    }

    /// The definition that [`Definition::text`] was stored as.
    ///
    /// # Errors
    ///
    /// `store_corrupt` when the text is none.
    pub fn from_stored(name: &str, text: &str) -> Result<Self> {
        let definition: Self = serde_json::from_str(text).map_err(|error| {
            Error::new(
                Code::StoreCorrupt,
                format!("the stored definition of event type {name} cannot be read: {error}"),
                "the store's file was changed or damaged: restore a backup, or define it anew with \
                 `annals types add FILE`",
            )
            .at("event_type")
        })?;
        Ok(Self { name: name.to_owned(), ..definition })
    }

    /// The normal text of everything but the name. Equal definitions have equal texts.
    pub fn text(&self) -> String {
        normal_text(&serde_json::json!(self))
    }

    /// The fields that the schema lists, with their schemas.
    pub fn properties(&self) -> impl Iterator<Item = (&str, &Value)> {
        let properties = self.schema.get("properties").and_then(Value::as_object);
        properties.into_iter().flatten().map(|(name, schema)| (name.as_str(), schema))
    }

    fn check(&self) -> Result<()> {
        check_name(&self.name)?;
        self.check_description()?;
        schema_rules::check(&self.schema)?;
        check_size(self.text().len())?;
        let checked = CustomType::new(self.clone(), 0);
        self.check_examples(&checked)
    }

    fn check_description(&self) -> Result<()> {
        let chars = self.description.chars().count();
        let fits = (1..=limits::TYPE_DESCRIPTION_CHARS).contains(&chars);
        if fits && !self.description.contains(char::is_control) {
            return Ok(());
        }
        let most = limits::TYPE_DESCRIPTION_CHARS;
        let message = format!("description must be one line of 1 to {most} characters");
        Err(invalid("description", message, "say in a sentence what an event of the type says"))
    }

    fn check_examples(&self, checked: &CustomType) -> Result<()> {
        for (index, example) in self.examples.iter().enumerate() {
            let field = format!("examples[{index}]");
            checked.validate(&Value::Object(example.clone())).map_err(|error| {
                let message = error.message.replacen(refusal::ROOT, &field, 1);
                invalid(&field, message, "an example must itself fit the type: correct one of both")
            })?;
        }
        if self.examples.is_empty() && checked.validate(&Value::Object(Map::new())).is_err() {
            let message = "examples is empty, and an empty payload does not fit the type";
            return Err(invalid("examples", message, "add an example of a payload that fits"));
        }
        Ok(())
    }
}

/// Refuses a name that a custom event type may not have.
///
/// # Errors
///
/// `invalid_event_type`.
fn check_name(name: &str) -> Result<()> {
    let letter = |c: char| c.is_ascii_lowercase();
    let fits = name.len() <= limits::TYPE_NAME_CHARS
        && name.starts_with(letter)
        && name.chars().all(|c| letter(c) || c.is_ascii_digit() || c == '_');
    let (message, hint) = if !fits {
        let most = limits::TYPE_NAME_CHARS;
        let message = format!(
            "{:?} cannot be a name: 1 to {most} lower-case letters, digits and underscores, \
             a letter first",
            refusal::shown(name)
        );
        (message, "choose a name such as review_completed")
    } else if Catalogue::builtin().get(name).is_some() {
        (format!("{name} is a built-in event type"), "choose another name, such as my_team_review")
    } else if name.starts_with(RESERVED_PREFIX) {
        (format!("names that start with {RESERVED_PREFIX} are reserved"), "choose another name")
    } else {
        return Ok(());
    };
    Err(invalid("name", message, hint))
}

fn check_size(bytes: usize) -> Result<()> {
    let limit = limits::TYPE_DEFINITION_BYTES;
    if bytes <= limit {
        return Ok(());
    }
    let message = format!("the definition has {bytes} bytes, the limit is {limit}");
    let hint = "leave out what events need not be checked for; fields beyond the schema are stored";
    Err(invalid("definition", message, hint).with("bytes", bytes).with("limit", limit))
}
