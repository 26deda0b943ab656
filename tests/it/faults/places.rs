//! Stores in odd places.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::{Site, refused};
use crate::cli_program::{Home, Ran};

/// Registers an instance in the store at `path`; gives the refusal, if it is one.
fn register(home: &Home, path: &str) -> Result<(), Value> {
    let ran = home.run(&["register", "-p", "odin", "--json", "--store", &format!("sqlite:{path}")]);
    match ran.code {
        0 => Ok(()),
        5 => Err(ran.json()),
        _ => panic!("{path}: {ran:?}"),
    }
}

fn entries(folder: &Path) -> Vec<OsString> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    names
}

#[test]
fn what_is_no_place_for_a_store_is_refused_and_nothing_is_left_there() {
    let home = Home::new();
    home.file("file", "text");
    let pipe = home.work().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    symlink("nowhere/annals.db", home.work().join("dangling")).unwrap();
    let _socket = UnixListener::bind(home.work().join("socket")).unwrap();
    let before = entries(&home.work());
    let long = "n".repeat(248);
    let deep = format!("{}annals.db", "folder/".repeat(80));
    let longer = format!("{}/annals.db", "n".repeat(256));
    for (path, said) in [
        (".", "no file"),
        ("..", "no file"),
        ("/", "as a store"),
        ("folder/", "director"),
        ("pipe", "no file"),
        ("socket", "no file"),
        ("pipe/annals.db", "no folder"),
        ("file/annals.db", "no folder"),
        ("/dev/null", "no file"),
        ("/dev/full", "no file"),
        ("dangling", "nowhere/annals.db"),
        (&long, "248 bytes, 247 at most"),
        (&deep, "bytes, 504 at most"),
        (&longer, "too long"),
    ] {
        let refusal = refused(register(&home, path), "invalid_store");
        let message = refusal["error"].as_str().unwrap();
        assert!(message.contains(said), "{path}: {message}");
        assert_eq!(refusal["field"], "store");
        assert_eq!(entries(&home.work()), before, "{path}");
    }
}

#[test]
fn a_path_may_be_long_and_have_spaces_and_letters_of_any_language() {
    let home = Home::new();
    let start = format!("{}/", home.work().display());
    let rest = 504 - start.len() - 247 - 1;
    let longest = format!("{start}{}/{}", "f".repeat(rest), "n".repeat(247));
    for path in ["with space/ä 😀.db", "a%20b?c#d.db", "line\nfeed.db", "-dash.db", &longest] {
        register(&home, path).unwrap();
        register(&home, path).unwrap();
        assert!(home.work().join(path).is_file());
    }
}

#[test]
fn a_home_whose_name_is_no_utf8_has_a_store_too() {
    let home = Home::new();
    let odd = home.work().join(OsStr::from_bytes(b"h\xf6me"));
    fs::create_dir(&odd).unwrap();
    for arguments in [&["register", "-p", "odin"][..], &["instances"], &["verify"]] {
        let mut command = home.command(arguments);
        command.env("HOME", &odd);
        let ran = Ran::of(command);
        assert_eq!(ran.code, 0, "{ran:?}");
    }
    assert!(odd.join(".local/share/annals/annals.db").is_file());
    // As an address it cannot be given, which is said.
    let store = OsString::from_vec(b"sqlite:h\xf6me/a.db".to_vec());
    let mut command = home.command(&["instances"]);
    command.env("ANNALS_STORE", &store);
    let ran = Ran::of(command);
    assert!(ran.code == 5 && ran.stderr.contains("UTF-8"), "{ran:?}");
}

/// The log is beside the file itself, whichever name it is opened by.
#[test]
fn a_link_to_a_store_is_the_store() {
    let home = Home::new();
    let folder = home.default_store().parent().unwrap().to_owned();
    fs::create_dir_all(&folder).unwrap();
    register(&home, "real.db").unwrap();
    let real = home.work().join("real.db");
    symlink(&real, home.default_store()).unwrap();
    let site = Site::on(home);
    site.emit_over_http().unwrap();
    let listed = site.home.json(&["instances", "--store", "sqlite:real.db"]);
    assert_eq!(listed["total_count"], 2);
    assert_eq!(entries(&folder), ["annals.db"]);
    // The link leads elsewhere, and back.
    register(&site.home, "other.db").unwrap();
    fs::remove_file(site.store()).unwrap();
    symlink(site.home.work().join("other.db"), site.store()).unwrap();
    refused(site.emit_over_http(), "store_unavailable");
    refused(site.emit_over_stdio(), "store_unavailable");
    fs::remove_file(site.store()).unwrap();
    refused(site.emit_over_http(), "store_unavailable");
    symlink(&real, site.store()).unwrap();
    site.goes_on();
    site.end();
}
