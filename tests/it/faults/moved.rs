//! The store's files are moved, removed or replaced while programs have them open. What a server says
//! to each call then, `store_files::lost` shows.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use super::{Site, beside, refused};
use crate::cli_program::{Home, wait};

/// The store's three files.
const FILES: [&str; 3] = ["", "-wal", "-shm"];

fn rename(from: &Path, to: &Path, endings: &[&str]) {
    for ending in endings {
        fs::rename(beside(from, ending), beside(to, ending)).unwrap();
    }
}

/// Both servers refuse to write and to read, and name the ids to send events again with.
fn is_out_of_service(site: &Site) {
    for answer in [site.emit_over_http(), site.emit_over_stdio(), site.emit_over_http()] {
        let refusal = refused(answer, "store_unavailable");
        assert_eq!(refusal["event_ids"].as_array().unwrap().len(), 1, "{refusal}");
    }
    refused(site.query_over_http(), "store_unavailable");
}

#[test]
fn a_folder_that_is_moved_away_takes_its_store_with_it() {
    let site = Site::new();
    let folder = site.store().parent().unwrap().to_owned();
    let away = site.home.work().join("away");
    fs::rename(&folder, &away).unwrap();
    is_out_of_service(&site);
    fs::rename(&away, &folder).unwrap();
    site.goes_on();
    site.end();
}

/// Without the index of the log the servers and those who come see none of each other's locks. While a
/// server has a log that is to be moved, the others move it, begin another one and write into that.
#[test]
fn a_removed_index_of_the_log_damages_nothing() {
    for _ in 0..3 {
        let mut site = Site::new();
        // More than a server moves as soon as writing pauses.
        site.emit_batch(60, 30_000).unwrap();
        fs::remove_file(site.beside("-shm")).unwrap();
        for _ in 0..20 {
            site.emit_on_the_command_line();
        }
        is_out_of_service(&site);
        site.keeps_its_word();
        site.stop();
        site.keeps_its_word();
        site.serve_again();
        site.goes_on();
        site.end();
    }
}

/// Who follows learns that there is nothing to follow any more.
#[test]
fn a_follower_of_a_store_that_is_lost_is_told() {
    for files in [&FILES[..], &FILES[..1], &FILES[1..2], &FILES[2..]] {
        for successor in [false, true] {
            let home = Home::new();
            let instance = home.register("odin");
            home.register("saga");
            let mut tail =
                home.command(&["tail", "--follow", "--json", &instance]).spawn().unwrap();
            let mut output = BufReader::new(tail.stdout.take().unwrap());
            let mut line = String::new();
            output.read_line(&mut line).unwrap();
            assert!(line.contains("instance_registered"), "{line}");
            let (store, away) = (home.default_store(), home.work().join("away.db"));
            if successor {
                files.iter().for_each(|ending| fs::write(beside(&away, ending), "other").unwrap());
                rename(&away, &store, files);
            } else {
                rename(&store, &away, files);
            }
            assert_eq!(wait(&mut tail), Some(6), "{files:?} {successor}");
            let mut said = String::new();
            output.read_to_string(&mut said).unwrap();
            assert!(
                said.contains("\"code\":\"store_unavailable\""),
                "{files:?} {successor} {said}"
            );
        }
    }
}
