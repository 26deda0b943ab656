//! The configuration file, and `annals config`.

use serde_json::{Value, json};

use crate::cli_program::{Home, McpClient, Ran, Served};

/// Writes the configuration file of the home folder.
fn configured(text: &str) -> Home {
    let home = Home::new();
    let folder = home.home().join(".config/annals");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("config.toml"), text).unwrap();
    home
}

/// Runs with variables besides.
fn run_with(home: &Home, variables: &[(&str, &str)], arguments: &[&str]) -> Ran {
    let mut command = home.command(arguments);
    command.envs(variables.iter().copied());
    Ran::of(command)
}

fn setting<'a>(shown: &'a Value, key: &str) -> &'a Value {
    let settings = shown["settings"].as_array().unwrap();
    settings.iter().find(|setting| setting["key"] == key).unwrap_or_else(|| panic!("no {key}"))
}

#[test]
fn every_value_is_shown_with_where_it_comes_from() {
    let home = configured("log = \"info\"\n\n[limits]\nnesting = 32\n");
    let variables = [("ANNALS_LISTEN", "127.0.0.1:9000")];
    let arguments = ["config", "show", "--store", "sqlite:mine.db"];
    let shown = run_with(&home, &variables, &arguments);
    assert_eq!(shown.code, 0, "{shown:?}");
    let row = |key: &str| -> Vec<String> {
        let row = shown.stdout.lines().find(|line| line.starts_with(key)).unwrap();
        row.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).map(str::to_owned).collect()
    };
    assert_eq!(row("store"), ["store", "sqlite:mine.db", "--store"]);
    assert_eq!(row("listen"), ["listen", "127.0.0.1:9000", "ANNALS_LISTEN"]);
    assert_eq!(row("log"), ["log", "info", "file, line 1"]);
    assert_eq!(row("limits.nesting"), ["limits.nesting", "32", "file, line 4"]);
    assert_eq!(row("limits.batch_events"), ["limits.batch_events", "1000", "default"]);
    assert!(shown.stderr.ends_with(".config/annals/config.toml\n"), "{shown:?}");

    let shown = run_with(&home, &variables, &[&arguments[..], &["--json"]].concat()).json();
    let told = |key: &str, name: &str| setting(&shown, key)[name].clone();
    assert_eq!(told("store", "option"), "--store");
    assert_eq!(told("listen", "variable"), "ANNALS_LISTEN");
    assert_eq!(
        (told("limits.nesting", "line"), told("limits.nesting", "value")),
        (json!(4), json!(32))
    );
    assert_eq!(told("limits.nesting", "default"), 64);
    assert_eq!(told("limits.batch_events", "source"), "default");
    assert_eq!(shown["file_found"], true);
    assert!(!home.default_store().exists(), "nothing was opened");
}

#[test]
fn the_path_is_told_whether_the_file_is_there_or_not() {
    let home = Home::new();
    let ran = home.run(&["config", "path"]);
    let path = home.home().join(".config/annals/config.toml");
    assert_eq!(ran.stdout, format!("{}\n", path.display()));
    assert!(ran.stderr.contains("not there yet"), "{ran:?}");
    let ran = run_with(&home, &[("XDG_CONFIG_HOME", "/nonexistent")], &["config", "path"]);
    assert_eq!(ran.stdout, "/nonexistent/annals/config.toml\n");
    let ran = run_with(&home, &[("ANNALS_CONFIG", "a.toml")], &["config", "path"]);
    assert_eq!(ran.stdout, "a.toml\n");
    let named = ["config", "path", "--config", "b.toml", "--json"];
    let ran = run_with(&home, &[("ANNALS_CONFIG", "a.toml")], &named);
    assert_eq!(ran.json(), json!({"path": "b.toml", "found": false}));
}

#[test]
fn a_bad_file_is_refused_with_its_line_before_anything_is_done() {
    let home = configured("[limits]\nevent_data_byte = 5000\n");
    for arguments in [vec!["register", "-p", "odin"], vec!["config", "show"], vec!["serve"]] {
        let ran = home.run(&arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (5, ""), "{ran:?}");
        let told = "config.toml, line 2: there is no setting limits.event_data_byte \
                    [invalid_configuration]\nhint: did you mean limits.event_data_bytes?";
        assert!(ran.stderr.contains(told), "{ran:?}");
        let refusal = home.run(&[&arguments[..], &["--json"]].concat()).json();
        assert_eq!(refusal["field"], "limits.event_data_byte");
        assert_eq!(refusal["line"], 2);
    }
    assert!(!home.default_store().exists());
    // What needs no settings works all the same.
    for arguments in [vec!["--help"], vec!["config", "path"], vec!["completions", "bash"]] {
        assert_eq!(home.run(&arguments).code, 0, "{arguments:?}");
    }
    let missing = home.run(&["instances", "--config", "missing.toml", "--json"]);
    assert_eq!((missing.code, &missing.json()["code"]), (5, &json!("invalid_configuration")));
}

#[test]
fn a_password_in_the_address_of_a_store_is_not_printed() {
    let secret = "postgres://mira:hunter2secret@127.0.0.1:1/annals";
    let home = configured(&format!("store = \"{secret}\"\n"));
    let other = Home::new();
    for arguments in [vec!["config", "show"], vec!["instances"], vec!["doctor"]] {
        for json in [&[][..], &["--json"]] {
            let arguments = [&arguments[..], json].concat();
            for ran in [
                home.run(&arguments),
                run_with(&other, &[("ANNALS_STORE", secret)], &arguments),
                other.run(&[&arguments[..], &["--store", secret]].concat()),
            ] {
                let said = format!("{}{}", ran.stdout, ran.stderr);
                assert!(said.contains("127.0.0.1:1") || said.contains("reached"), "{said}");
                assert!(!said.contains("hunter2"), "{said}");
            }
        }
    }
}

#[test]
fn the_file_configures_commands_and_servers() {
    let home = configured(
        "store = \"sqlite:mine/annals.db\"\nlisten = \"192.0.2.1:1\"\n\n\
         [limits]\nnesting = 100\nquery_limit_default = 2\n\n\
         [redact]\nallow = [\"AKIAIOSFODNN7QQQQQQQ\"]\n",
    );
    let id = home.register("odin");
    assert!(home.home().join(".config/annals/mine/annals.db").is_file(), "beside the file");
    assert!(!home.default_store().exists());

    let levels = 100;
    let deep = (1..levels).fold(json!({}), |inner, _| json!({"in": inner}));
    let mut client = McpClient::start(&home);
    let event = json!({"instance_id": id, "event_type": "turn_completed", "event_data": deep});
    client.answer("emit_event", &event);
    let page = client.answer("query_events", &json!({"instance_id": id}));
    assert_eq!(page["events"][0]["event_data"], deep, "as deep as it went in");
    client.end();
    home.emit(&id, "turn_completed", "{}");
    assert_eq!(home.json(&["query", &id])["events"].as_array().unwrap().len(), 2);

    let shown = home.run(&["redact", "key AKIAIOSFODNN7QQQQQQQ and AKIAIOSFODNN7RRRRRRR"]).stdout;
    assert!(shown.starts_with("key AKIAIOSFODNN7QQQQQQQ and [REDACTED:"), "{shown}");

    let served = Served::start(&home, &[]);
    assert!(served.address.starts_with("127.0.0.1:"), "the option wins");
    assert_eq!(served.stop(), Some(0));
    let ran = home.run(&["serve"]);
    assert_eq!(ran.code, 5, "{ran:?}");
    assert!(ran.stderr.contains("config.toml, line 2: listen: "), "{ran:?}");
}

#[test]
fn what_is_logged_is_set_and_a_misspelt_level_is_refused() {
    let home = configured("log = \"wran\"\n");
    let ran = home.run(&["instances"]);
    assert_eq!(ran.code, 5, "{ran:?}");
    assert!(ran.stderr.contains("hint: did you mean warn?"), "{ran:?}");
    let ran = run_with(&Home::new(), &[("ANNALS_LOG", "loud")], &["instances"]);
    assert!(ran.stderr.contains("environment variable ANNALS_LOG: log names no level"), "{ran:?}");
}
