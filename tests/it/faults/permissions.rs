//! The store's file or folder may not be written, at the start or from some moment on.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::Value;

use super::{Site, refused};
use crate::cli_program::{Home, mode};

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Every way to write to the store is refused, and every way to read it, where `reads` is false.
fn refuses(home: &Home, store: &str, reads: bool) {
    for (arguments, refused_here) in
        [(&["instances"][..], !reads), (&["verify"], !reads), (&["register", "-p", "saga"], true)]
    {
        let ran = home.run(&[arguments, &["--json", "--store", store]].concat());
        if refused_here {
            assert_eq!(ran.code, 6, "{arguments:?} {ran:?}");
            refused(Err::<(), Value>(ran.json()), "store_read_only");
        } else {
            assert_eq!(ran.code, 0, "{arguments:?} {ran:?}");
        }
    }
}

#[test]
fn a_file_that_may_not_be_written_is_read() {
    let home = Home::without_privileges();
    let instance = home.register("odin");
    let store = home.default_store();
    let before = fs::read(&store).unwrap();
    let address = format!("sqlite:{}", store.display());
    for (forbidding, reads) in [(0o400, true), (0o000, false)] {
        set_mode(&store, forbidding);
        refuses(&home, &address, reads);
        assert_eq!(mode(&store), forbidding);
    }
    set_mode(&store, 0o600);
    assert!(fs::read(&store).unwrap() == before);
    home.emit(&instance, "turn_completed", "{}");
}

#[test]
fn servers_that_began_with_a_file_that_may_not_be_written_write_once_they_may() {
    let mut site = Site::on(Home::without_privileges());
    site.fills_the_log();
    site.stop();
    for log in [false, true] {
        set_mode(&site.store(), 0o400);
        site.serve_again();
        for answer in [site.emit_over_http(), site.emit_over_stdio(), site.emit_over_http()] {
            refused(answer, "store_read_only");
        }
        site.query_over_http().unwrap();
        set_mode(&site.store(), 0o600);
        site.goes_on();
        if !log {
            // What servers leave that are killed.
            site.fills_the_log();
            site.kill();
        }
    }
    site.end();
}

#[test]
fn a_folder_that_may_not_be_written_is_named() {
    let home = Home::without_privileges();
    let instance = home.register("odin");
    let store = home.default_store();
    let folder = store.parent().unwrap();
    for forbidding in [0o500, 0o000] {
        set_mode(folder, forbidding);
        for name in ["annals.db", "new.db", "new/annals.db"] {
            let address = format!("sqlite:{}", folder.join(name).display());
            refuses(&home, &address, false);
        }
    }
    set_mode(folder, 0o700);
    assert_eq!(fs::read_dir(folder).unwrap().count(), 1, "nothing was begun");
    home.emit(&instance, "turn_completed", "{}");
}

/// What is open stays open, and goes on being written; whoever comes is refused.
#[test]
fn a_file_that_is_closed_to_others_is_written_by_those_who_have_it() {
    let site = Site::on(Home::without_privileges());
    for (forbidding, reads) in [(0o400, true), (0o000, false)] {
        set_mode(&site.store(), forbidding);
        site.fills_the_log();
        let address = format!("sqlite:{}", site.store().display());
        refuses(&site.home, &address, reads);
        set_mode(&site.store(), 0o600);
        site.goes_on();
    }
    site.end();
}

/// In a folder that cannot be looked into nobody can tell whether the store is still there.
#[test]
fn a_folder_that_is_closed_while_in_use_stops_the_store_until_it_is_opened() {
    let site = Site::on(Home::without_privileges());
    let store = site.store();
    let folder = store.parent().unwrap();
    set_mode(folder, 0o000);
    for answer in [site.emit_over_http(), site.emit_over_stdio()] {
        let refusal = refused(answer, "store_read_only");
        assert_eq!(refusal["event_ids"].as_array().unwrap().len(), 1, "{refusal}");
    }
    refused(site.query_over_http(), "store_read_only");
    set_mode(folder, 0o500);
    site.fills_the_log(); // the files are there and open
    set_mode(folder, 0o700);
    site.goes_on();
    site.end();
}
