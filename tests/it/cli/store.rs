//! Where the data is.

use crate::cli_program::{Home, Ran};

#[test]
fn by_default_it_is_in_the_data_folder_and_never_where_the_command_runs() {
    let home = Home::new();
    home.register("odin");
    assert!(home.default_store().is_file());
    assert_eq!(std::fs::read_dir(home.work()).unwrap().count(), 0);

    let data = home.work().join("data");
    let mut command = home.command(&["register", "-p", "saga"]);
    command.env("XDG_DATA_HOME", &data);
    assert_eq!(Ran::of(command).code, 0);
    assert!(data.join("annals/annals.db").is_file());
    assert_eq!(home.json(&["instances"])["total_count"], 1, "the other store is another");

    // A relative folder is none, says the specification of base directories.
    let mut command = home.command(&["register", "-p", "troll"]);
    command.env("XDG_DATA_HOME", "relative");
    assert_eq!(Ran::of(command).code, 0);
    assert_eq!(home.json(&["instances"])["total_count"], 2);
    assert!(!home.work().join("relative").exists());
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_it() {
    use crate::cli_program::mode;

    let home = Home::new();
    let id = home.register("odin");
    let store = home.default_store();
    assert_eq!(mode(&store), 0o600);
    assert_eq!(mode(store.parent().unwrap()), 0o700);
    let mut child = home.command(&["mcp"]).stdin(std::process::Stdio::piped()).spawn().unwrap();
    home.emit(&id, "turn_completed", "{}");
    for entry in std::fs::read_dir(store.parent().unwrap()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    drop(child.stdin.take());
    assert_eq!(crate::cli_program::wait(&mut child), Some(0));
}

#[test]
fn an_option_names_another_store_and_wins_over_the_environment() {
    let home = Home::new();
    let run = |store: Option<&str>, variable: Option<&str>, arguments: &[&str]| {
        let mut command = home.command(arguments);
        command.args(store.map(|store| format!("--store={store}")));
        command.envs(variable.map(|store| ("ANNALS_STORE", store)));
        let ran = Ran::of(command);
        assert_eq!(ran.code, 0, "{ran:?}");
        ran
    };
    run(None, Some("sqlite:one.db"), &["register", "-p", "one"]);
    run(Some("sqlite:two.db"), Some("sqlite:one.db"), &["register", "-p", "two"]);
    assert!(home.work().join("one.db").is_file() && home.work().join("two.db").is_file());
    assert!(!home.default_store().exists());
    let listed = |store| run(Some(store), None, &["instances"]).stdout;
    assert!(listed("sqlite:one.db").contains("one-PS-"));
    assert!(listed("sqlite:two.db").contains("two-PS-"));
}

#[test]
fn a_store_that_cannot_be_is_refused_with_what_to_do() {
    let home = Home::new();
    let ran = home.run(&["--store", "postgres://user:secret@127.0.0.1:1/annals", "instances"]);
    assert_eq!(ran.code, 6, "{ran:?}");
    assert!(!ran.stderr.contains("secret"), "{ran:?}");
    assert!(ran.stderr.contains("the database cannot be reached"), "{ran:?}");
    let ran = home.run(&["--store", "./annals.db", "instances"]);
    assert!(ran.stderr.contains("write sqlite:./annals.db"), "{ran:?}");
    let folder = format!("sqlite:{}", home.work().display());
    let ran = home.run(&["--store", &folder, "instances"]);
    assert!([5, 6].contains(&ran.code) && ran.stderr.contains("hint: "), "{ran:?}");
}
