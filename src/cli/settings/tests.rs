//! What files, variables and options make of the settings.

use std::fmt::Write as _;

use clap::CommandFactory;
use serde_json::Value;

use super::*;
use crate::domain::limits::Limits;

/// The settings that a file with this text and these variables make.
fn loaded(text: &str, variables: &[(&str, &str)]) -> Result<Settings> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    std::fs::write(&path, text).unwrap();
    let variable = |name: &str| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| OsString::from(value))
    };
    Settings::load(Some(path), variable)
}

fn refusal(text: &str) -> Error {
    loaded(text, &[]).err().unwrap_or_else(|| panic!("{text:?} is taken"))
}

#[test]
fn without_a_file_and_variables_everything_is_the_default() {
    let settings = loaded("", &[]).unwrap();
    assert_eq!(settings.values.limits, Limits::default());
    assert_eq!(settings.values.store, None);
    for setting in SETTINGS {
        assert_eq!(settings.source(setting.key), Source::Default, "{}", setting.key);
    }
}

#[test]
fn an_option_wins_over_a_variable_and_that_over_the_file() {
    let text = "listen = \"127.0.0.1:1\"\nlog = \"info\"\n\n[limits]\nnesting = 0x20\n";
    let variables = [("ANNALS_LISTEN", "127.0.0.1:2"), ("ANNALS_LOG", "")];
    let mut settings = loaded(text, &variables).unwrap();
    assert_eq!(settings.values.listen, "127.0.0.1:2");
    assert_eq!(settings.source("listen"), Source::Variable("ANNALS_LISTEN"));
    assert_eq!(settings.values.log, "info", "a variable that is empty is not set");
    assert_eq!(settings.source("log"), Source::File(2));
    assert_eq!(
        (settings.values.limits.nesting, settings.source("limits.nesting")),
        (32, Source::File(5))
    );
    settings.take_flag("listen", Some(&"127.0.0.1:3".to_owned())).unwrap();
    assert_eq!(settings.values.listen, "127.0.0.1:3");
    assert_eq!(settings.source("listen"), Source::Flag("--listen"));
}

#[test]
fn every_setting_can_be_set_in_the_file_and_by_its_variable() {
    for setting in SETTINGS {
        let (written, given) = match (setting.range, setting.key) {
            (Some((least, most)), _) => {
                let number = usize::midpoint(least, most).to_string();
                (number.clone(), number)
            }
            (None, "log") => ("\"trace\"".to_owned(), "trace".to_owned()),
            (None, "accept_event_loss") => ("\"yes\"".to_owned(), "yes".to_owned()),
            (None, "redact.allow" | "redact.allow_patterns") => ("[\"a\"]".into(), String::new()),
            (None, _) => ("\"sqlite:/a/b.db\"".to_owned(), "sqlite:/a/b.db".to_owned()),
        };
        let settings = loaded(&format!("{} = {written}", setting.key), &[]).unwrap();
        assert_eq!(settings.source(setting.key), Source::File(1), "{}", setting.key);
        let shown = (setting.show)(&settings.values);
        assert_eq!(shown.to_string(), written, "{}", setting.key);
        if let Some(name) = setting.variable {
            let settings = loaded("", &[(name, &given)]).unwrap();
            assert_eq!((setting.show)(&settings.values), shown, "{name}");
            assert_eq!(name, format!("ANNALS_{}", setting.key.replace('.', "_").to_uppercase()));
        }
    }
}

#[test]
fn what_is_wrong_in_a_file_is_named_with_its_line_and_key() {
    for (text, line, key, said) in [
        ("log = \"info\"\nlissen = \"a\"", 2, Some("lissen"), "there is no setting lissen"),
        ("[limits]\n\nevent_data_byte = 1", 3, Some("limits.event_data_byte"), "no setting"),
        ("[limts]\nnesting = 9", 1, Some("limts"), "there is no setting limts"),
        ("limits = 3", 1, Some("limits"), "is a group of settings"),
        ("[limits]\nnesting = 7", 2, Some("limits.nesting"), "is 7, and must be 8 to 100"),
        ("limits.nesting = 101", 1, Some("limits.nesting"), "is 101, and must be 8 to 100"),
        ("limits.nesting = -1", 1, Some("limits.nesting"), "is -1, and must be 8 to 100"),
        ("limits.nesting = 9.5", 1, Some("limits.nesting"), "and is the number 9.5"),
        ("limits.nesting = \"64\"", 1, Some("limits.nesting"), "and is a text"),
        ("limits.nesting = true", 1, Some("limits.nesting"), "and is true or false"),
        ("listen = 8081", 1, Some("listen"), "must be a text, and is the number 8081"),
        ("log = \"wran\"", 1, Some("log"), "names no level: \"wran\""),
        ("redact.allow = \"a\"", 1, Some("redact.allow"), "must be a list of texts"),
        ("redact.allow = [1]", 1, Some("redact.allow"), "must be a list of texts"),
        ("[redact]\nallow_patterns = [\"a\", \"(\"]", 2, Some("redact.allow_patterns"), "\"(\""),
        ("log = \"info\"\nlog = \"warn\"", 2, None, "this is no TOML: duplicate key"),
        ("\nlog = info", 2, None, "this is no TOML"),
    ] {
        let error = refusal(text);
        assert_eq!(error.code, Code::InvalidConfiguration, "{text}: {error:?}");
        assert_eq!(error.field.as_deref(), key, "{text}: {error:?}");
        let place = format!("config.toml, line {line}: ");
        assert!(error.message.contains(&place), "{text}: {error:?}");
        assert!(error.message.contains(said), "{text}: {error:?}");
        assert!(!error.hint.is_empty(), "{text}");
        assert_eq!(error.details.unwrap()["line"], line, "{text}");
    }
    assert!(refusal("lissen = 1").hint.starts_with("did you mean listen?"));
    assert!(refusal("event_data_bytes = 1").hint.contains("limits.event_data_bytes"));
    assert!(refusal("log = \"wran\"").hint.contains("warn"));
}

#[test]
fn what_is_wrong_in_a_variable_is_named_with_it() {
    let error = loaded("", &[("ANNALS_LIMITS_NESTING", "many")]).unwrap_err();
    assert!(
        error.message.starts_with("environment variable ANNALS_LIMITS_NESTING: limits.nesting ")
    );
    assert_eq!(
        (error.code, &*error.field.unwrap()),
        (Code::InvalidConfiguration, "limits.nesting")
    );
    let error = loaded("", &[("ANNALS_STORE", "mysql://u:secret@db.example/x")]).unwrap_err();
    assert!(error.message.starts_with("environment variable ANNALS_STORE: store: cannot use"));
    assert_eq!(error.code, Code::InvalidStore);
}

#[test]
fn a_password_is_never_told_not_even_by_a_file_that_is_no_toml() {
    for text in [
        "store = \"mysql://user:secret@db.example/annals\"",
        "store = postgres://user:secret@db.example/annals",
        "store = \"postgres://user:secret@db.example/annals",
        "store = [\"postgres://user:secret@db.example/annals\"]",
        "store = \"host=db.example password=secret\"",
    ] {
        let error = refusal(text);
        assert!(!error.to_json().to_string().contains("secret"), "{text}: {error:?}");
    }
}

#[test]
fn a_store_is_found_from_the_file_that_names_it() {
    let store = |text: &str| loaded(text, &[]).unwrap();
    let settings = store("store = \"sqlite:events/annals.db\"");
    let folder = settings.file.as_ref().unwrap().path.parent().unwrap().join("events/annals.db");
    assert_eq!(
        settings.values.store().unwrap().to_string(),
        format!("sqlite:{}", folder.display())
    );
    let home = etcetera::home_dir().unwrap().join("annals.db");
    let settings = store("store = \"sqlite:~/annals.db\"");
    assert_eq!(settings.values.store().unwrap().to_string(), format!("sqlite:{}", home.display()));
    let settings = loaded("", &[("ANNALS_STORE", "sqlite:annals.db")]).unwrap();
    assert_eq!(settings.values.store().unwrap().to_string(), "sqlite:annals.db");
}

#[test]
fn a_file_that_somebody_names_must_be_there() {
    let missing = PathBuf::from("/nonexistent/annals.toml");
    let error = Settings::load(Some(missing), |_| None).unwrap_err();
    assert_eq!(error.code, Code::InvalidConfiguration);
    assert!(error.message.contains("/nonexistent/annals.toml"), "{error:?}");
    let folder = tempfile::tempdir().unwrap();
    let error = Settings::load(Some(folder.path().into()), |_| None).unwrap_err();
    assert!(error.message.contains("it is a folder"), "{error:?}");
    #[cfg(unix)]
    Settings::load(Some("/dev/null".into()), |_| None).expect("a way to say that there is none");
    // The file of the user's own need not be.
    let unnamed = Location { path: "/nonexistent/config.toml".into(), named: false };
    assert!(file::read(&unnamed).unwrap().is_none());
}

#[test]
fn the_table_says_what_the_command_line_does() {
    let program = crate::cli::Cli::command();
    let all = || program.get_subcommands().chain([&program]);
    for setting in SETTINGS {
        let Some(flag) = setting.flag else { continue };
        let name = flag.trim_start_matches("--");
        let argument = all()
            .flat_map(clap::Command::get_arguments)
            .find(|argument| argument.get_long() == Some(name))
            .unwrap_or_else(|| panic!("{flag} is no option"));
        let help = argument.get_help().unwrap().to_string();
        let variable = format!("[env: {}]", setting.variable.unwrap());
        assert!(help.contains(&variable), "{help}");
        let default = default_in_words(setting).replace('`', "");
        assert!(help.contains(&format!("[default: {default}]")), "{help}");
    }
}

/// The rows of the table in docs/configuration.md.
fn table_of_the_page() -> String {
    let mut table =
        String::from("\n| key | value | default | environment variable | what it is |\n");
    table.push_str("| --- | --- | --- | --- | --- |\n");
    for setting in SETTINGS {
        let default = default_in_words(setting);
        let form = match setting.range {
            Some((least, most)) => format!("{} to {}", grouped(least as u64), grouped(most as u64)),
            None => setting.form.to_owned(),
        };
        let variable = setting.variable.map(|name| format!("`{name}`")).unwrap_or_default();
        let option = setting.flag.map(|flag| format!(". Option: `{flag}`")).unwrap_or_default();
        let (key, description) = (setting.key, setting.description);
        let _ = writeln!(
            table,
            "| `{key}` | {form} | {default} | {variable} | {description}{option} |"
        );
    }
    table.push('\n');
    table
}

fn default_in_words(setting: &Setting) -> String {
    match (setting.show)(&Values::default()) {
        // Where that is differs from user to user.
        _ if setting.key == "store" => "a file in your data directory".to_owned(),
        Value::String(text) => format!("`{text}`"),
        Value::Array(_) => "none".to_owned(),
        value => grouped(value.as_u64().unwrap()),
    }
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev();
    let groups: Vec<&str> = groups.map(|group| std::str::from_utf8(group).unwrap()).collect();
    groups.join(",")
}

#[test]
fn the_page_has_the_table_of_settings() {
    const MARKS: [&str; 2] = ["<!-- settings -->\n", "<!-- end -->\n"];
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/configuration.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (before, rest) = page.split_once(MARKS[0]).unwrap();
    let (table, after) = rest.split_once(MARKS[1]).unwrap();
    let wanted = table_of_the_page();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let page = [before, MARKS[0], &wanted, MARKS[1], after].concat();
        std::fs::write(path, page).unwrap();
    } else {
        let how = "write it anew with UPDATE_DOCS=1 cargo test --lib the_page_has_the_table";
        assert!(table == wanted, "docs/configuration.md differs from the settings; {how}");
    }
}
