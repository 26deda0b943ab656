//! Which JSON Schemas a custom event type may have: valid ones of draft 2020-12, for an object,
//! complete in themselves, and of bounded cost to compile and to apply.

use jsonschema::Draft;
use serde_json::{Map, Value};

use super::{invalid, shown};
use crate::domain::catalogue::{refusal, validate};
use crate::domain::error::{Error, Result};
use crate::domain::{json, limits};

/// The one dialect.
pub const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The most objects and arrays that a schema has once each reference is replaced by its target. One
/// value of a payload is looked at by no more schemas than that.
const EXPANDED_PARTS: usize = 10_000;

/// The most patterns; each is a compiled automaton in memory.
const PATTERNS: usize = 64;

/// Keywords that would give a part of the schema another identity than its place.
const IDENTITIES: [&str; 6] =
    ["$id", "$anchor", "$dynamicAnchor", "$dynamicRef", "$recursiveAnchor", "$recursiveRef"];

/// Refuses a schema that breaks one of the rules.
///
/// # Errors
///
/// `invalid_event_type`, at the place in the schema.
pub fn check(schema: &Map<String, Value>) -> Result<()> {
    let root = Value::Object(schema.clone());
    let levels = json::depth(&root);
    if levels > limits::NESTING {
        return Err(too_deep());
    }
    match schema.get("$schema").and_then(Value::as_str) {
        None if !schema.contains_key("$schema") => {}
        Some(dialect) if dialect.trim_end_matches('#') == DIALECT => {}
        _ => {
            let message = format!("schema.$schema is not {DIALECT}");
            return Err(invalid("schema.$schema", message, "leave $schema out"));
        }
    }
    if schema.get("type").is_none_or(|kind| kind != "object") {
        let message = "schema.type is not \"object\": event_data is always an object";
        return Err(invalid("schema.type", message, "set \"type\": \"object\" at the top"));
    }
    Walk { root: &root, parts: 0, patterns: 0, depth: 0, path: "schema".into(), into: Vec::new() }
        .object(schema)?;
    match validate::options().should_ignore_unknown_formats(false).build(&root) {
        Ok(_) => Ok(()),
        Err(error) => Err(not_valid(&error)),
    }
}

fn not_valid(error: &jsonschema::ValidationError<'_>) -> Error {
    let place = error.instance_path().as_str();
    let message = format!("the schema is not valid at \"{}\": {}", at_most(place), shown(error));
    invalid(&format!("schema{}", at_most(place)), message, "correct the schema at this place")
}

/// A walk over a schema as it is applied: through its references.
struct Walk<'a> {
    root: &'a Value,
    parts: usize,
    patterns: usize,
    depth: usize,
    /// Where the walk stands in the document, for messages.
    path: String,
    /// The references that were followed to come here.
    into: Vec<&'a str>,
}

impl<'a> Walk<'a> {
    fn schema(&mut self, schema: &'a Value) -> Result<()> {
        match schema {
            Value::Object(schema) => self.object(schema),
            Value::Array(items) => {
                self.enter()?;
                for (index, item) in items.iter().enumerate() {
                    self.below(&index.to_string(), |walk| walk.schema(item))?;
                }
                self.depth -= 1;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn object(&mut self, schema: &'a Map<String, Value>) -> Result<()> {
        self.enter()?;
        for (keyword, value) in schema {
            self.below(keyword, |walk| walk.keyword(keyword, value))?;
        }
        self.depth -= 1;
        Ok(())
    }

    fn enter(&mut self) -> Result<()> {
        self.parts += 1;
        self.depth += 1;
        if self.depth > limits::NESTING {
            return Err(too_deep());
        }
        if self.parts <= EXPANDED_PARTS {
            return Ok(());
        }
        let message = format!(
            "the schema has more than {EXPANDED_PARTS} parts, references followed to their targets"
        );
        Err(invalid("schema", message, "make it smaller, or refer to fewer parts"))
    }

    fn below(&mut self, name: &str, walk: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        let length = self.path.len();
        self.path.push('.');
        self.path.push_str(&refusal::shown(name));
        walk(self)?;
        self.path.truncate(length);
        Ok(())
    }

    fn keyword(&mut self, keyword: &str, value: &'a Value) -> Result<()> {
        match (keyword, value) {
            ("$ref", Value::String(target)) => self.reference(target),
            (keyword, Value::String(_)) if IDENTITIES.contains(&keyword) => {
                let hint = "refer to parts below $defs by their place: \"#/$defs/name\"";
                Err(self.refused("is not supported", hint))
            }
            ("$schema", Value::String(_)) if self.depth > 1 => {
                Err(self.refused("may stand at the top alone", "leave it out"))
            }
            ("format", Value::String(format)) => self.format(format),
            ("pattern", Value::String(_)) => self.pattern(),
            // Values, not schemas.
            ("const" | "enum" | "default" | "examples", _) => Ok(()),
            ("patternProperties", Value::Object(schemas)) => {
                schemas.iter().try_for_each(|_| self.pattern())?;
                self.named(schemas)
            }
            (
                "properties" | "$defs" | "definitions" | "dependentSchemas" | "dependencies",
                Value::Object(schemas),
            ) => self.named(schemas),
            _ => self.schema(value),
        }
    }

    /// Schemas by names, which are no keywords.
    fn named(&mut self, schemas: &'a Map<String, Value>) -> Result<()> {
        self.enter()?;
        for (name, schema) in schemas {
            self.below(name, |walk| walk.schema(schema))?;
        }
        self.depth -= 1;
        Ok(())
    }

    fn reference(&mut self, target: &'a str) -> Result<()> {
        let local = target == "#" || target.starts_with("#/");
        if !local || target.contains('%') {
            let fault = format!("is {:?}, which is not in the schema itself", at_most(target));
            let hint = "nothing is ever fetched: put the part below $defs, and refer to it as \
                        \"#/$defs/name\"";
            return Err(self.refused(&fault, hint));
        }
        if target == "#" || self.into.contains(&target) {
            let fault = format!("is {:?}, which leads back to itself", at_most(target));
            let hint = "write out as many levels as are needed, or leave the inner part open with \
                        {\"type\": \"object\"}";
            return Err(self.refused(&fault, hint));
        }
        let Some(part) = self.root.pointer(&target[1..]) else {
            let fault = format!("is {:?}, and there is no such part", at_most(target));
            return Err(self.refused(&fault, "refer to a part below $defs: \"#/$defs/name\""));
        };
        self.into.push(target);
        self.schema(part)?;
        self.into.pop();
        Ok(())
    }

    fn format(&self, format: &str) -> Result<()> {
        if validate::options().is_known_format(Draft::Draft202012, format) {
            return Ok(());
        }
        let fault = format!("is {:?}, which is no known format", at_most(format));
        Err(self.refused(&fault, "use date-time, date, time, email, uri, uuid, ipv4 or the like"))
    }

    /// Counts a pattern, where it stands and not where it is referred to.
    fn pattern(&mut self) -> Result<()> {
        if self.into.is_empty() {
            self.patterns += 1;
        }
        if self.patterns <= PATTERNS {
            return Ok(());
        }
        let message = format!("the schema has more than {PATTERNS} patterns");
        Err(invalid("schema", message, "use fewer; $defs holds one that several fields need"))
    }

    fn refused(&self, fault: &str, hint: &'static str) -> Error {
        invalid(&self.path, format!("{} {fault}", self.path), hint)
    }
}

fn too_deep() -> Error {
    let message = format!(
        "the schema is nested more than {} levels deep, references followed to their targets",
        limits::NESTING
    );
    invalid(
        "schema",
        message,
        "flatten it, or leave the inner part open with {\"type\": \"object\"}",
    )
}

fn at_most(text: &str) -> String {
    refusal::shown(text).into_owned()
}
