//! Arguments that do not make a command.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::output::{self, HEADING};
use super::refusal;
use super::wrap::Stream;
use crate::domain::error::{Code, Error};
use crate::service::text_without_secrets;

/// Prints why the arguments make no command, or the help that they ask for; gives the exit code.
pub fn explain(error: &clap::Error, arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let is_refusal = error.use_stderr() && error.kind() != HELP_FOR_NOTHING;
    if is_refusal && arguments.into_iter().any(|argument| argument == "--json") {
        refusal::print(&as_refusal(error), true);
    } else {
        print(error, is_refusal);
    }
    u8::try_from(error.exit_code()).unwrap_or(2)
}

/// No command at all is answered with the help.
const HELP_FOR_NOTHING: ErrorKind = ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;

fn print(error: &clap::Error, is_refusal: bool) {
    let text = error.render().to_string();
    // Help is the program's own text.
    let shown = if is_refusal { text_without_secrets(&text) } else { text.clone() };
    let lines: Vec<String> = shown.lines().map(output::printable).collect();
    if text.lines().eq(lines.iter().map(String::as_str)) {
        // As clap prints it, with its colours. A reader that has gone is no fault.
        let _ = error.print();
    } else {
        lines.iter().for_each(|line| output::say(line));
    }
    if let Some(source) = source(error) {
        output::labelled(Stream::Error, HEADING, "hint", source);
    }
}

/// Arguments that a person may not know the values of, and where they are told.
const SOURCES: [(&str, &str); 4] = [
    ("<ID>", "`annals instances` lists the instances; a part of a handle is enough"),
    ("<TYPE>", "`annals types` lists the event types, and `annals types TYPE` the fields of one"),
    ("<FILE>", "name a file, or - for standard input"),
    ("<SHELL>", "the shells are bash, elvish, fish, powershell and zsh"),
];

/// Commands that can do without an instance, and what they take in its place.
const WIDER: [(&str, &str); 2] = [
    (
        "annals query",
        "name an instance, of which `annals instances` lists all, or ask across instances with \
         --project or --epic",
    ),
    (
        "annals export",
        "--all exports everything, --project what belongs to a project; for one instance, name one \
         that `annals instances` lists",
    ),
];

/// Where the first argument that is missing is told.
fn source(error: &clap::Error) -> Option<&'static str> {
    if error.kind() != ErrorKind::MissingRequiredArgument {
        return None;
    }
    let Some(ContextValue::Strings(missing)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    let missing = missing.first()?;
    let usage = error.get(ContextKind::Usage).map(ToString::to_string).unwrap_or_default();
    if let Some((_, source)) = WIDER.iter().find(|(command, _)| usage.contains(command)) {
        return Some(source);
    }
    SOURCES.iter().find(|(argument, _)| argument == missing).map(|(_, source)| *source)
}

/// The same in the form that every refusal has.
fn as_refusal(error: &clap::Error) -> Error {
    let code = match error.kind() {
        ErrorKind::InvalidUtf8 => Code::InvalidUtf8,
        _ => Code::InvalidArgument,
    };
    let text = error.render().to_string();
    let first = text.split("\n\n").next().unwrap_or_default();
    let words: Vec<&str> = first.split_whitespace().collect();
    let message = words.join(" ");
    let message = message.strip_prefix("error: ").unwrap_or(&message).to_owned();
    let hint = source(error).unwrap_or("`annals help COMMAND` shows what a command takes");
    let refusal = Error::new(code, message, hint);
    match argument(error) {
        Some(argument) => refusal.at(argument),
        None => refusal,
    }
}

/// The argument at fault: `limit` for `--limit <N>`, `id` for `<ID>`.
fn argument(error: &clap::Error) -> Option<String> {
    let shown = match error.get(ContextKind::InvalidArg)? {
        ContextValue::String(argument) => argument,
        ContextValue::Strings(arguments) => arguments.first()?,
        _ => return None,
    };
    let name = shown.split_whitespace().next()?.trim_matches(['-', '<', '>', '[', ']', '.']);
    Some(name.to_lowercase().replace('-', "_"))
}
