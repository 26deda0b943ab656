//! What `annals --version` tells of the build.

use std::path::Path;
use std::process::Command;

use crate::cli_program::Home;

/// What git says of the work tree that the tests are built in, where there is one.
fn git(arguments: &[&str]) -> Option<String> {
    let root = env!("CARGO_MANIFEST_DIR");
    let ran = Command::new("git").current_dir(root).args(arguments).output().unwrap();
    ran.status.success().then(|| String::from_utf8(ran.stdout).unwrap().trim_end().to_owned())
}

#[test]
fn the_long_version_names_the_commit_and_how_it_was_built() {
    let home = Home::new();
    let short = home.run(&["-V"]).stdout;
    assert_eq!(short, format!("annals {}\n", env!("CARGO_PKG_VERSION")));
    let long = home.run(&["--version"]).stdout;
    let fact = |name: &str| {
        let line = long.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("{name}: {long}")).trim().to_owned()
    };
    let own = git(&["rev-parse", "--show-toplevel"])
        .is_some_and(|top| Path::new(&top) == Path::new(env!("CARGO_MANIFEST_DIR")));
    let head = if own { git(&["rev-parse", "HEAD"]).unwrap() } else { "unknown".to_owned() };
    let commit = fact("commit");
    assert_eq!(commit.strip_suffix(" with changes").unwrap_or(&commit), head);
    let build = fact("build");
    let profile = if cfg!(debug_assertions) { "debug, " } else { "release, " };
    assert!(build.starts_with(profile) && build.contains(std::env::consts::ARCH), "{build}");
    assert!(fact("store").starts_with(&format!("SQLite {},", rusqlite::version())), "{long}");
}
