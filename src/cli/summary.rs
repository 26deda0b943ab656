//! An event in a line: what tells most comes first, and no field fills the screen.

use serde_json::{Map, Value};

use crate::domain::catalogue::{Catalogue, EventType};

/// The most characters of a summary.
const LINE_CHARS: usize = 300;
/// The most characters of one field.
const FIELD_CHARS: usize = 80;
/// The characters of a hash that tell it from others.
const HASH_CHARS: usize = 8;
/// What a summary of a commit leaves out.
const SIDE_FACTS: [&str; 3] = ["author_email", "authored_at", "parent_count"];

/// The payload of an event of this type, not yet made printable.
pub fn summary(event_type: &str, data: &Value) -> String {
    let Value::Object(fields) = data else { return cut(&data.to_string(), LINE_CHARS) };
    let mut fields = Fields::of(Catalogue::builtin().get(event_type), fields);
    let mut parts: Vec<String> = match event_type {
        "commit_created" => commit(&mut fields),
        "pr_created" | "pr_merged" => pull_request(&mut fields),
        _ => Vec::new(),
    };
    parts.extend(fields.rest.iter().map(|(name, value)| format!("{name}={}", value_text(value))));
    cut(&parts.join(" "), LINE_CHARS)
}

/// The fields of a payload in the order of the catalogue, the required ones first and unknown ones
/// last.
pub fn ordered<'a>(event_type: &str, data: &'a Map<String, Value>) -> Vec<(&'a str, &'a Value)> {
    Fields::of(Catalogue::builtin().get(event_type), data).rest
}

/// The fields of a payload in that order, less those that were taken.
struct Fields<'a> {
    event_type: Option<&'static EventType>,
    rest: Vec<(&'a str, &'a Value)>,
}

impl<'a> Fields<'a> {
    fn of(event_type: Option<&'static EventType>, data: &'a Map<String, Value>) -> Self {
        let mut rest: Vec<(&str, &Value)> =
            data.iter().map(|(name, value)| (name.as_str(), value)).collect();
        if let Some(event_type) = event_type {
            rest.sort_by_key(|(name, _)| place(event_type, name));
        }
        Self { event_type, rest }
    }

    /// Takes the field of this full name, however it was given.
    fn take(&mut self, name: &str) -> Option<&'a Value> {
        let is_named = |given: &str| {
            let field = self.event_type.and_then(|event_type| event_type.field_named(given));
            given == name || field.is_some_and(|field| field.name == name)
        };
        let at = self.rest.iter().position(|(given, _)| is_named(given))?;
        Some(self.rest.remove(at).1)
    }

    fn take_text(&mut self, name: &str) -> Option<String> {
        self.take(name).map(|value| match value {
            Value::String(text) => line_of(text).0,
            value => value_text(value),
        })
    }
}

/// Where a field stands in a summary.
fn place(event_type: &EventType, name: &str) -> (bool, usize) {
    let Some(field) = event_type.field_named(name) else { return (true, usize::MAX) };
    let is_required = event_type.required.iter().any(|group| group.contains(&field.name));
    let index = event_type.fields.iter().position(|known| known.name == field.name);
    (!is_required, index.unwrap_or(usize::MAX - 1))
}

/// `a1b2c3d4 Subject (author on branch, 3 files, +120 -7)`
fn commit(fields: &mut Fields<'_>) -> Vec<String> {
    let hash = fields.take_text("commit_hash").map(|hash| cut_hash(&hash));
    let subject = fields.take_text("message");
    let by = match (fields.take_text("author"), fields.take_text("branch")) {
        (Some(author), Some(branch)) => Some(format!("{author} on {branch}")),
        (Some(author), None) => Some(author),
        (None, branch) => branch.map(|branch| format!("on {branch}")),
    };
    let files = fields.take("files_changed").map(|files| match files.as_f64() {
        Some(1.0) => "1 file".to_owned(),
        _ => format!("{} files", value_text(files)),
    });
    let added = fields.take("lines_added").map(|lines| format!("+{}", value_text(lines)));
    let removed = fields.take("lines_removed").map(|lines| format!("-{}", value_text(lines)));
    let lines: Vec<String> = added.into_iter().chain(removed).collect();
    let lines = (!lines.is_empty()).then(|| lines.join(" "));
    fields.rest.retain(|(name, _)| !SIDE_FACTS.contains(name));
    let about: Vec<String> = [by, files, lines].into_iter().flatten().collect();
    let about = (!about.is_empty()).then(|| format!("({})", about.join(", ")));
    [hash, subject, about].into_iter().flatten().collect()
}

/// `#12 Title`
fn pull_request(fields: &mut Fields<'_>) -> Vec<String> {
    let number = fields.take_text("pr_number").map(|number| format!("#{number}"));
    number.into_iter().chain(fields.take_text("title")).collect()
}

fn value_text(value: &Value) -> String {
    match value {
        Value::String(text) if is_hash(text) => cut_hash(text),
        Value::String(text) => {
            let (line, is_whole) = line_of(text);
            match (is_whole, is_plain(&line)) {
                (true, true) => line,
                (true, false) => Value::String(line).to_string(),
                (false, _) => Value::String(line + " …").to_string(),
            }
        }
        // A whole number reads best as one.
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e15 => {
                format!("{float:.0}")
            }
            _ => number.to_string(),
        },
        value => cut(&value.to_string(), FIELD_CHARS),
    }
}

/// The first line that says something, bounded, and whether that is all.
fn line_of(text: &str) -> (String, bool) {
    let text = text.trim();
    let line = text.lines().next().unwrap_or_default().trim_end();
    let cut = cut(line, FIELD_CHARS);
    let is_whole = line.len() == text.len() || cut.ends_with('…');
    (cut, is_whole)
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c == '"' || c == '=')
}

/// Whether this is a whole SHA-1 or SHA-256 in hexadecimal digits.
fn is_hash(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn cut_hash(text: &str) -> String {
    if is_hash(text) { text[..HASH_CHARS].to_owned() } else { text.to_owned() }
}

/// A text of at most so many characters, with a mark where it was cut.
pub fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most - 1).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const HASH: &str = "a1b2c3d4e5f60718293a4b5c6d7e8f9012345678";

    #[test]
    fn a_commit_reads_like_a_line_of_a_log() {
        let data = json!({
            "sha": HASH, "message": "auth: rotate tokens\n\nLong story.", "author": "Mira Lund",
            "author_email": "mira@example.org", "branch": "main", "files_changed": 1,
            "lines_added": 120, "lines_removed": 7, "parent_count": 1, "epic_id": "epic-003"
        });
        assert_eq!(
            summary("commit_created", &data),
            "a1b2c3d4 auth: rotate tokens (Mira Lund on main, 1 file, +120 -7) epic_id=epic-003"
        );
        assert_eq!(summary("commit_created", &json!({"sha": "a1b2c3d"})), "a1b2c3d");
    }

    #[test]
    fn a_pull_request_starts_with_its_number_and_title() {
        let data = json!({"pr_number": 12, "title": "Sign in", "commit_hash": HASH});
        assert_eq!(summary("pr_merged", &data), "#12 Sign in commit_hash=a1b2c3d4");
    }

    #[test]
    fn required_fields_come_first_and_unknown_ones_last() {
        let data = json!({
            "aardvark": 1, "coverage": 87.0, "test_count": 45, "epic_id": "epic-003",
            "duration_seconds": 1.25
        });
        assert_eq!(
            summary("test_passed", &data),
            "test_count=45 epic_id=epic-003 coverage=87 duration_seconds=1.25 aardvark=1"
        );
    }

    #[test]
    fn no_field_and_no_event_fills_the_screen() {
        let text = "word ".repeat(100);
        let data = json!({"error": text, "nested": {"deep": [text]}, "z": "a=b", "empty": ""});
        let line = summary("test_failed", &data);
        assert!(line.chars().count() <= LINE_CHARS, "{line}");
        assert!(line.starts_with("error=\"word word"), "{line}");
        assert!(line.contains(" empty=\"\" ") && line.ends_with(" z=\"a=b\""), "{line}");
        assert_eq!(summary("x", &json!(text)).chars().count(), LINE_CHARS);
    }
}
