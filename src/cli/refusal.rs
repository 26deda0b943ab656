//! Saying why a command was refused, in the words of the command line.

use super::output::{self, BAD, HEADING};
use super::wrap::Stream;
use crate::domain::error::{Code, Error};
use crate::service::without_secrets;

/// Arguments that have another name here than in the requests of the service.
const OPTIONS: [(&str, &str); 14] = [
    ("filters.start_date", "--since"),
    ("filters.end_date", "--until"),
    ("filters.event_type", "--type"),
    ("filters.category", "--category"),
    ("filters.keyword", "--keyword"),
    ("filters.where", "--where"),
    ("filters.after_sequence", "--after"),
    ("expected_sequence_num", "--expect"),
    ("to_sequence_num", "--to"),
    ("context_percent", "--context"),
    ("current_epic", "--epic"),
    ("instance_type", "--type"),
    ("limit", "--limit"),
    ("offset", "--offset"),
];

/// Prints a refusal: as JSON with the data, or for people.
pub fn print(error: &Error, as_json: bool) {
    let error = &without_secrets(error.clone());
    if as_json {
        // A refusal is always JSON.
        let _ = output::json(&error.to_json());
        return;
    }
    output::labelled(
        Stream::Error,
        BAD,
        "error",
        &format!("{} [{}]", in_options(error), error.code),
    );
    output::labelled(Stream::Error, HEADING, "hint", &hint(error));
    if let Some(command) = next_command(error.code) {
        output::labelled(Stream::Error, HEADING, "try", command);
    }
    let ids = error.details.as_ref().and_then(|details| details.get("event_ids")?.as_array());
    for id in ids.into_iter().flatten() {
        output::labelled(Stream::Error, HEADING, "event id", id.as_str().unwrap_or_default());
    }
}

/// The message with the name of the option in place of the field's.
fn in_options(error: &Error) -> String {
    let field = error.field.as_deref().unwrap_or_default();
    let Some((name, option)) = OPTIONS.iter().find(|(name, _)| *name == field) else {
        return error.message.clone();
    };
    let last = name.rsplit('.').next().unwrap_or(name);
    let word = if error.message.contains(name) { name } else { last };
    let message = error.message.replacen(word, option, 1);
    if error.code == Code::InvalidDateRange {
        return message.replacen("end_date", "--until", 1);
    }
    message
}

/// The hint with the name of the option in place of the field's, where it names it.
fn hint(error: &Error) -> String {
    let field = error.field.as_deref().unwrap_or_default();
    match OPTIONS.iter().find(|(name, _)| *name == field && name.contains('_')) {
        Some((name, option)) => error.hint.replacen(name, option, 1),
        None => error.hint.clone().into_owned(),
    }
}

/// The command that shows what the refused one needs to know.
fn next_command(code: Code) -> Option<&'static str> {
    match code {
        Code::InstanceNotFound => Some("annals instances"),
        Code::InstanceClosed => Some("annals emit ID instance_resumed"),
        Code::UnknownEventType => Some("annals types"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(code: Code, field: &str, message: &str) -> String {
        in_options(&Error::new(code, message, "").at(field))
    }

    #[test]
    fn people_read_the_names_of_the_options() {
        assert_eq!(
            said(Code::InvalidDate, "filters.start_date", "filters.start_date is \"soon\""),
            "--since is \"soon\""
        );
        assert_eq!(
            said(Code::InvalidDateRange, "filters.start_date", "start_date 2 is after end_date 1"),
            "--since 2 is after --until 1"
        );
        let beyond = Error::new(Code::InvalidSequence, "", "leave to_sequence_num out");
        assert_eq!(hint(&beyond.at("to_sequence_num")), "leave --to out");
        assert_eq!(
            said(Code::InvalidEventData, "event_data", "event_data must be a JSON object"),
            "event_data must be a JSON object"
        );
    }
}
