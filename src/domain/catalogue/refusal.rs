//! What a violation of a JSON Schema is to the caller: a code, a message, a field and a hint.

use std::borrow::Cow;

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::paths::{Location, LocationSegment};
use jsonschema::types::JsonType;
use serde_json::Value;

use super::described::Described;
use crate::domain::error::{Code, Error};

/// The name of the payload in paths.
pub const ROOT: &str = "event_data";
/// The most characters of a caller's text in a message.
const SHOWN_CHARS: usize = 80;
/// How many fields of a payload are searched for a misspelt name.
const SEARCHED_FIELDS: usize = 200;
/// How alike two names must be, from 0 to 1, for one to be the other misspelt.
const MISSPELT: f64 = 0.7;

/// The refusal of `event_data` for the violation that was found first.
pub fn refusal(
    event_type: &dyn Described,
    event_data: &Value,
    error: &ValidationError<'_>,
) -> Error {
    let location = error.instance_path();
    if let Some(names) = missing(error.kind()) {
        return missing_field(event_type, event_data, location, &names);
    }
    let path = path(location);
    let value = error.instance().as_ref();
    let fault = Fault::of(error, value);
    let hint = match (value, explained(event_type, location)) {
        (Value::Null, _) => "leave a field out that has no value".to_owned(),
        (Value::String(text), _) if expects_number(error.kind()) && is_number(text) => {
            "send the number without quotes".to_owned()
        }
        (_, Some(explained)) => explained,
        (_, None) => event_type.usage(),
    };
    let refusal = Error::new(fault.code, format!("{path} {}", fault.text), hint).at(path);
    fault.facts.into_iter().fold(refusal, |refusal, (name, fact)| refusal.with(name, fact))
}

/// What is wrong with a value.
struct Fault {
    code: Code,
    /// The end of a sentence that starts with the path of the value.
    text: String,
    facts: Vec<(&'static str, Value)>,
}

impl Fault {
    fn of(error: &ValidationError<'_>, value: &Value) -> Self {
        use ValidationErrorKind as K;
        let least = |measure: String, limit: Value| Self {
            code: Code::FieldOutOfRange,
            text: format!("{measure}, the minimum is {limit}"),
            facts: vec![("minimum", limit)],
        };
        let most = |measure: String, limit: Value| Self {
            code: Code::FieldOutOfRange,
            text: format!("{measure}, the maximum is {limit}"),
            facts: vec![("maximum", limit)],
        };
        match error.kind() {
            K::Type { kind } => Self::wrong_type(kind, value),
            K::Minimum { limit } => least(format!("is {value}"), limit.clone()),
            K::Maximum { limit } => most(format!("is {value}"), limit.clone()),
            K::MinLength { limit } => least(characters(value), (*limit).into()),
            K::MaxLength { limit } => most(characters(value), (*limit).into()),
            K::MinItems { limit } => least(items(value), (*limit).into()),
            K::MaxItems { limit } => most(items(value), (*limit).into()),
            K::Enum { options } => Self::no_choice(value, options),
            K::AdditionalProperties { unexpected } | K::UnevaluatedProperties { unexpected } => {
                Self::unexpected(unexpected)
            }
            K::Format { format } if format == "date-time" => Self {
                code: Code::InvalidDate,
                text: "is no RFC 3339 time with an offset, such as 2026-11-23T09:30:00Z".into(),
                facts: Vec::new(),
            },
            _ => Self {
                code: Code::FieldOutOfRange,
                text: format!("is refused: {}", shown(&error.masked_with("it").to_string())),
                facts: Vec::new(),
            },
        }
    }

    fn wrong_type(expected: &TypeKind, value: &Value) -> Self {
        let expected: Vec<JsonType> = match expected {
            TypeKind::Single(one) => vec![*one],
            TypeKind::Multiple(several) => several.iter().collect(),
        };
        let found = match value {
            Value::Number(number) if expected.contains(&JsonType::Integer) => number.to_string(),
            other => described(JsonType::from(other)).to_owned(),
        };
        let join = |names: Vec<&str>| names.join(" or ");
        let wanted = join(expected.iter().map(|kind| described(*kind)).collect());
        Self {
            code: Code::InvalidFieldType,
            text: format!("must be {wanted}, found {found}"),
            facts: vec![
                ("expected", join(expected.iter().map(|kind| kind.as_str()).collect()).into()),
                ("found", JsonType::from(value).as_str().into()),
            ],
        }
    }

    fn unexpected(names: &[String]) -> Self {
        Self {
            code: Code::FieldOutOfRange,
            text: format!("takes no further field, found {}", shown(&names.join(", "))),
            facts: Vec::new(),
        }
    }

    fn no_choice(value: &Value, options: &Value) -> Self {
        let choices: Vec<String> =
            options.as_array().into_iter().flatten().map(Value::to_string).collect();
        Self {
            code: Code::FieldOutOfRange,
            text: format!(
                "is {}, the choices are {}",
                shown(&value.to_string()),
                shown(&choices.join(", "))
            ),
            facts: vec![("choices", options.clone())],
        }
    }
}

/// The fields any of which would mend the fault; `None` when the fault is another.
fn missing(kind: &ValidationErrorKind) -> Option<Vec<&str>> {
    match kind {
        ValidationErrorKind::Required { property } => property.as_str().map(|name| vec![name]),
        ValidationErrorKind::AnyOf { context } => {
            let mut names = Vec::new();
            for branch in context {
                let [error] = branch.as_slice() else { return None };
                names.extend(missing(error.kind())?);
            }
            Some(names)
        }
        _ => None,
    }
}

fn missing_field(
    event_type: &dyn Described,
    event_data: &Value,
    parent: &Location,
    names: &[&str],
) -> Error {
    let parent_path = path(parent);
    let message = match names {
        [name] => format!("{parent_path}.{name} is missing, {} requires it", event_type.name()),
        names => {
            let names = names.join(", ");
            format!("{parent_path} has none of {names}; {} requires one", event_type.name())
        }
    };
    let hint = match misspelt(event_type, event_data, names) {
        Some((given, name)) if parent.is_empty() => format!("rename {ROOT}.{given} to {name}"),
        _ => event_type.usage(),
    };
    Error::new(Code::MissingRequiredField, message, hint)
        .at(format!("{parent_path}.{}", names.first().copied().unwrap_or_default()))
        .with("any_of", names.to_vec())
}

/// An unknown field of the payload, and which of `names` it was probably meant to be.
fn misspelt<'a>(
    event_type: &dyn Described,
    event_data: &'a Value,
    names: &[&'a str],
) -> Option<(&'a str, &'a str)> {
    let unknown = event_data
        .as_object()?
        .keys()
        .map(String::as_str)
        .take(SEARCHED_FIELDS)
        .filter(|key| key.len() <= SHOWN_CHARS && !event_type.knows(key));
    for key in unknown {
        let letters = letters(key);
        let meant = names.iter().find(|name| {
            letters == self::letters(name)
                || name.split('_').any(|word| word == letters)
                || strsim::normalized_damerau_levenshtein(key, name) >= MISSPELT
        });
        if let Some(name) = meant {
            return Some((key, name));
        }
    }
    None
}

fn letters(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// What the field of the payload at fault, or in which the fault lies, means and takes.
fn explained(event_type: &dyn Described, location: &Location) -> Option<String> {
    match location.iter().next()? {
        LocationSegment::Property(name) => event_type.explained(&name),
        LocationSegment::Index(_) => None,
    }
}

fn expects_number(kind: &ValidationErrorKind) -> bool {
    let ValidationErrorKind::Type { kind: TypeKind::Single(kind) } = kind else { return false };
    matches!(kind, JsonType::Integer | JsonType::Number)
}

fn is_number(text: &str) -> bool {
    serde_json::from_str::<serde_json::Number>(text).is_ok()
}

/// `event_data.issues_encountered[2]` for `/issues_encountered/2`.
fn path(location: &Location) -> String {
    let mut path = ROOT.to_owned();
    for segment in location {
        match segment {
            LocationSegment::Property(name) => {
                path.push('.');
                path.push_str(&shown(&name));
            }
            LocationSegment::Index(index) => path.push_str(&format!("[{index}]")),
        }
    }
    path
}

/// A JSON type with its article.
pub fn described(kind: JsonType) -> &'static str {
    match kind {
        JsonType::Null => "null",
        JsonType::Boolean => "a boolean",
        JsonType::Integer => "an integer",
        JsonType::Number => "a number",
        JsonType::String => "a string",
        JsonType::Array => "an array",
        JsonType::Object => "an object",
    }
}

fn characters(value: &Value) -> String {
    has(value.as_str().map_or(0, |text| text.chars().count()), "character")
}

fn items(value: &Value) -> String {
    has(value.as_array().map_or(0, Vec::len), "item")
}

fn has(count: usize, noun: &str) -> String {
    if count == 1 { format!("has 1 {noun}") } else { format!("has {count} {noun}s") }
}

/// A caller's text, cut to what a message may hold.
pub fn shown(text: &str) -> Cow<'_, str> {
    crate::domain::shown::shown(text, SHOWN_CHARS)
}

/// A text, cut to so many characters.
pub fn cut_to(text: &str, chars: usize) -> Cow<'_, str> {
    match text.char_indices().nth(chars) {
        None => Cow::Borrowed(text),
        Some(_) => {
            let start: String = text.chars().take(chars - 1).collect();
            Cow::Owned(start + "…")
        }
    }
}
