//! The disk that holds the store is full.

use std::fs;

use serde_json::Value;

use super::{Site, refused};
use crate::cli_program::{Home, Ran};
use crate::disk::{Disk, may_mount};

/// A home whose data folder is a disk of 8 MiB.
fn small() -> (Disk, Home) {
    let home = Home::new();
    let data = home.default_store().parent().unwrap().to_owned();
    fs::create_dir_all(&data).unwrap();
    (Disk::mount(&data, "size=8m").unwrap(), home)
}

/// The command line refuses an event, with the code and what to do.
fn refuses_on_the_command_line(home: &Home, instance: &str) {
    let ran = home.run(&["emit", instance, "turn_completed", "{}", "--json"]);
    assert_eq!(ran.code, 6, "{ran:?}");
    refused(Err::<(), Value>(ran.json()), "store_full");
}

/// Emits on both ways until neither takes an event, nor a batch.
fn fill_up(site: &Site, disk: &Disk) {
    disk.fill();
    let mut refusals = 0;
    while refusals < 20 {
        let answers = [site.emit_over_http(), site.emit_over_stdio(), site.emit_batch(50, 1_000)];
        for answer in answers {
            match answer {
                // What fits into the log's last page, or where the log starts over.
                Ok(()) => {}
                Err(refusal) => {
                    let refusal = refused(Err::<(), _>(refusal), "store_full");
                    assert!(!refusal["event_ids"].as_array().unwrap().is_empty(), "{refusal}");
                    refusals += 1;
                }
            }
        }
    }
}

#[test]
fn reading_goes_on_and_so_does_writing_once_there_is_space() {
    let test = "faults::full_disk::reading_goes_on_and_so_does_writing_once_there_is_space";
    if !may_mount("full disks", test) {
        return;
    }
    for log in [0, 40] {
        let (disk, home) = small();
        let site = Site::on(home);
        for _ in 0..log {
            site.emit_batch(1, 50_000).unwrap(); // more than moves into the file at once
        }
        fill_up(&site, &disk);
        site.query_over_http().unwrap();
        refuses_on_the_command_line(&site.home, &site.instance);
        // Another process reads what was acknowledged, and nothing of what was refused.
        site.keeps_its_word();
        disk.free();
        site.goes_on();
        site.end();
        drop(disk);
    }
}

#[test]
fn a_store_whose_writer_was_killed_is_read_on_a_full_disk() {
    let test = "faults::full_disk::a_store_whose_writer_was_killed_is_read_on_a_full_disk";
    if !may_mount("full disks", test) {
        return;
    }
    let (disk, home) = small();
    let mut site = Site::on(home);
    site.emit_batch(1, 50_000).unwrap();
    site.fills_the_log();
    disk.fill();
    site.kill();
    // The log has no room in the file, but is as good as it.
    site.keeps_its_word();
    site.serve_again();
    site.query_over_http().unwrap();
    fill_up(&site, &disk);
    site.keeps_its_word();
    disk.free();
    site.goes_on();
    site.end();
    drop(disk);
}

#[test]
fn what_cannot_be_begun_for_want_of_space_is_said() {
    let test = "faults::full_disk::what_cannot_be_begun_for_want_of_space_is_said";
    if !may_mount("full disks", test) {
        return;
    }
    let (disk, home) = small();
    let instance = home.register("odin");
    disk.fill();
    // Reading needs an index, which has no room. There is no store yet at all at the other path.
    for arguments in [
        vec!["query", &instance, "--json"],
        vec!["serve", "--listen", "127.0.0.1:0", "--json"],
        vec!["mcp", "--json"],
        vec!["register", "-p", "saga", "--json"],
    ] {
        for store in [home.default_store(), disk.folder().join("new.db")] {
            let mut command = home.command(&arguments);
            command.env("ANNALS_STORE", format!("sqlite:{}", store.display()));
            let ran = Ran::of(command);
            assert_eq!(ran.code, 6, "{arguments:?} {ran:?}");
            refused(Err::<(), Value>(ran.json()), "store_full");
        }
    }
    disk.free();
    home.emit(&instance, "turn_completed", "{}");
    assert_eq!(home.json(&["verify"])["valid"], true);
    drop(disk);
}
