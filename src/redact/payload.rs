//! Redacting JSON: every text and every key, and texts by the name that they have.

use serde_json::{Map, Value};

use super::Redactor;
use super::counts::Counts;
use super::header;
use super::name::{Promise, promise};
use super::rules::{AUTHORIZATION, COOKIE};
use super::scan::{Found, merge, scan};
use super::secret::{Form, judge};

/// Redacts the texts and keys of `value`.
pub fn redact(redactor: &Redactor, value: &mut Value, counts: &mut Counts) {
    walk(redactor, value, None, counts);
}

/// `name` is what the value is called, where it is called something.
fn walk(redactor: &Redactor, value: &mut Value, name: Option<&str>, counts: &mut Counts) {
    match value {
        Value::String(text) => redact_text(redactor, text, name, counts),
        Value::Array(items) => walk_array(redactor, items, name, counts),
        Value::Object(fields) => walk_object(redactor, fields, counts),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The items of an array are called what the array is, or what the flag before them says.
fn walk_array(redactor: &Redactor, items: &mut [Value], name: Option<&str>, counts: &mut Counts) {
    let mut flag: Option<String> = None;
    for item in items {
        let is_flag =
            |text: &&str| text.starts_with('-') && text.len() <= 64 && !text.contains('=');
        let next = item.as_str().filter(is_flag).map(str::to_owned);
        let name = if next.is_some() { None } else { flag.as_deref().or(name) };
        walk(redactor, item, name, counts);
        flag = next;
    }
}

fn walk_object(redactor: &Redactor, fields: &mut Map<String, Value>, counts: &mut Counts) {
    let named = name_of_value(fields);
    for (key, value) in fields.iter_mut() {
        let name = match &named {
            Some(name) if key.eq_ignore_ascii_case("value") => name,
            _ => key,
        };
        walk(redactor, value, Some(name), counts);
    }
    redact_keys(redactor, fields, counts);
}

/// The name that an object such as `{"name": "API_KEY", "value": …}` gives to its value.
fn name_of_value(fields: &Map<String, Value>) -> Option<String> {
    let find = |wanted: &str| {
        fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(wanted)).map(|(_, value)| value)
    };
    find("value")?.as_str()?;
    let name = ["name", "key", "header"].into_iter().find_map(|wanted| find(wanted)?.as_str())?;
    (name.len() <= 64).then(|| name.to_owned())
}

fn redact_text(redactor: &Redactor, text: &mut String, name: Option<&str>, counts: &mut Counts) {
    let mut found = scan(text, &redactor.allow);
    if let Some(promised) = name.and_then(promise) {
        found.extend(by_name(redactor, promised, text));
        found = merge(found);
    }
    if !found.is_empty() {
        *text = super::replace(text, &found);
        counts.add(&found);
    }
}

/// What is secret in a text because of its name.
fn by_name(redactor: &Redactor, promised: Promise, text: &str) -> Vec<Found> {
    let ranges = match promised {
        Promise::Authorization => {
            header::credentials(text).into_iter().map(|range| (range, AUTHORIZATION)).collect()
        }
        Promise::Cookie => {
            header::cookies(text).into_iter().map(|range| (range, COOKIE)).collect::<Vec<_>>()
        }
        _ => judge(promised, Form::Field, text)
            .map(|rule| (0..text.len(), rule))
            .into_iter()
            .collect(),
    };
    let is_secret = |range: &std::ops::Range<usize>| !redactor.allow.has(&text[range.clone()]);
    ranges
        .into_iter()
        .filter(|(range, _)| is_secret(range))
        .map(|(range, rule)| Found { range, rule, place: usize::MAX })
        .collect()
}

/// Keys that hold secrets get new names, without taking the place of another.
fn redact_keys(redactor: &Redactor, fields: &mut Map<String, Value>, counts: &mut Counts) {
    let changed: Vec<(String, Vec<Found>)> = fields
        .keys()
        .map(|key| (key.clone(), scan(key, &redactor.allow)))
        .filter(|(_, found)| !found.is_empty())
        .collect();
    for (key, found) in changed {
        let Some(value) = fields.remove(&key) else { continue };
        let plain = super::replace(&key, &found);
        let mut free = plain.clone();
        let mut number = 2;
        while fields.contains_key(&free) {
            free = format!("{plain}#{number}");
            number += 1;
        }
        fields.insert(free, value);
        counts.add(&found);
    }
}
