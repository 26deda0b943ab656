//! Bad inputs: each has its stable code, names its field, says what to do and writes nothing, over
//! the command line, MCP over stdio and MCP over HTTP alike. One table of cases drives all three.

mod bytes;
mod cases;
mod command;
mod world;

use annals::domain::error::{Class, Code};
use serde_json::Value;

use crate::cli_program::{McpClient, Ran, Served, tool_result};
use cases::{Case, cases};
use world::World;

#[test]
fn the_command_line_refuses_every_bad_input_and_writes_nothing() {
    let world = World::new();
    let before = world.state();
    for case in cases().iter().filter(|case| case.is_for("command line")) {
        let ran = world.home.run(&command::arguments(case, &world, true));
        check_refusal(case, case.usage.as_deref().unwrap_or(&case.field), &ran.json());
        assert_eq!(ran.code, case.exit_code(), "{}: {ran:?}", case.name);
        assert_eq!(ran.stderr, "", "{}", case.name);

        let ran = world.home.run(&command::arguments(case, &world, false));
        check_text(case, &ran);
        assert_eq!(world.state(), before, "{}", case.name);
    }
    assert_eq!(world.home.json(&["verify"])["valid"], true);
}

#[test]
fn mcp_over_stdio_refuses_every_bad_input_and_writes_nothing() {
    let world = World::new();
    let before = world.state();
    let mut client = McpClient::start(&world.home);
    for case in cases().iter().filter(|case| case.is_for("MCP")) {
        client.send(&case.message(&world));
        check_answer(case, &client.receive());
        assert_eq!(world.state(), before, "{}", case.name);
    }
    client.end();
    assert_eq!(world.home.json(&["verify"])["valid"], true);
}

#[test]
fn mcp_over_http_refuses_every_bad_input_and_writes_nothing() {
    let world = World::new();
    let before = world.state();
    let served = Served::start(&world.home, &[]);
    for case in cases().iter().filter(|case| case.is_for("MCP")) {
        let (status, answer) = served.post(&case.message(&world));
        assert_eq!(status, if case.message_fault { 400 } else { 200 }, "{}", case.name);
        check_answer(case, &answer);
    }
    assert_eq!(world.state(), before);
    assert_eq!(served.stop(), Some(0));
}

#[test]
fn the_comparison_of_states_notices_a_write() {
    let world = World::new();
    let before = world.state();
    assert_eq!(world.state(), before);
    world.home.emit(&world.open, "turn_completed", "{}");
    assert_ne!(world.state(), before);
}

#[test]
fn every_code_that_a_caller_can_provoke_is_in_the_table() {
    let cases = cases();
    let listed: Vec<&str> = cases.iter().map(|case| case.code.as_str()).collect();
    // Not arguments of a tool: the store's own troubles, bytes instead of text, an id that only an
    // import chooses, lines of exports, definitions of event types, settings, and what is wrong as HTTP or as a
    // message. They have tests of their own.
    let elsewhere = [
        Code::InstanceExists,
        Code::InvalidEventType,
        Code::IncompatibleEventType,
        Code::EventTypeChanged,
        Code::InvalidEventType,
        Code::InvalidInput,
        Code::InvalidExport,
        Code::IncompleteExport,
        Code::HashMismatch,
        Code::MissingEvent,
        Code::InstanceDiverged,
        Code::InvalidJson,
        Code::InvalidUtf8,
        Code::InvalidUnicode,
        Code::DuplicateKey,
        Code::InexactNumber,
        Code::InvalidStore,
        Code::InvalidConfiguration,
        Code::Forbidden,
        Code::UnknownPath,
        Code::MethodNotAllowed,
        Code::NotAcceptable,
        Code::UnsupportedMediaType,
        Code::InvalidHeader,
        Code::IncompleteRequest,
        Code::InvalidMessage,
        Code::UnknownMethod,
    ];
    for code in Code::ALL {
        let by_arguments = !matches!(code.class(), Class::Unavailable | Class::Failed);
        if by_arguments && !elsewhere.contains(code) {
            assert!(listed.contains(&code.as_str()), "{code}");
        }
    }
}

fn check_answer(case: &Case, answer: &Value) {
    if case.message_fault {
        assert_eq!(answer["error"]["code"], -32700, "{}: {answer}", case.name);
        return check_refusal(case, "message", &answer["error"]["data"]);
    }
    let (content, is_refusal) = tool_result(answer);
    assert!(is_refusal, "{}: {content}", case.name);
    check_refusal(case, &case.field, &content);
}

fn check_refusal(case: &Case, field: &str, refusal: &Value) {
    let about = format!("{}: {refusal}", case.name);
    assert_eq!(refusal["success"], false, "{about}");
    assert_eq!(refusal["code"], case.code, "{about}");
    assert_eq!(refusal["field"], field, "{about}");
    for text in ["error", "hint"] {
        let text = refusal[text].as_str().unwrap_or_default();
        assert!((5..600).contains(&text.len()), "{about}");
    }
    for (name, fact) in &case.facts {
        assert_eq!(&refusal[name.as_str()], fact, "{about}");
    }
}

/// What people read: an error with its code and a hint, or how the command is used.
fn check_text(case: &Case, ran: &Ran) {
    assert_eq!(ran.code, case.exit_code(), "{}: {ran:?}", case.name);
    assert_eq!(ran.stdout, "", "{}", case.name);
    assert!(ran.stderr.starts_with("error: "), "{}: {ran:?}", case.name);
    if case.usage.is_some() {
        assert!(ran.stderr.contains("--help"), "{}: {ran:?}", case.name);
    } else {
        let code = format!("[{}]\nhint: ", case.code);
        assert!(ran.stderr.contains(&code), "{}: {ran:?}", case.name);
    }
}
