//! Each fault is found, and what is as it should be is not one.

use std::time::Duration;

use super::*;
use crate::domain::error::{Code, Error};
use crate::domain::time::SECOND;
use crate::store::{FileSystem, Inside, Permissions, Place, User};

const NOW: i64 = 1_795_426_200 * SECOND;

fn inside() -> Inside {
    Inside {
        schema_version: 5,
        newest_schema: 5,
        schema_fault: None,
        journal_mode: "wal".into(),
        damage: Vec::new(),
        newest_event: Some(Timestamp::from_micros(NOW - SECOND)),
        bytes: 1_500_000,
        log_bytes: 0,
        is_locked: false,
    }
}

fn place() -> Place {
    Place {
        folder: "/data/annals".into(),
        folder_exists: true,
        permissions: Some(Permissions { file: Some(0o600), folder: 0o700 }),
        file_system: Some(FileSystem { kind: "ext4".into(), mount: "/".into() }),
        repository: None,
        synced: None,
        free_bytes: Some(100 << 30),
        flush: Some(Ok(Duration::from_micros(400))),
        users: Some(vec![User { pid: 17, command: "annals serve".into() }]),
    }
}

fn inspection(found: Found, place: Place) -> Inspection {
    let path = "/data/annals/annals.db";
    Inspection { address: format!("sqlite:{path}"), path: path.into(), found, place }
}

/// The findings that are not as they should be, with all that a person needs to act.
fn faults(found: Found, place: Place) -> Vec<(&'static str, Level)> {
    let findings = examine(&inspection(found, place), Timestamp::from_micros(NOW));
    let faults = findings.iter().filter(|finding| finding.level != Level::Ok);
    faults
        .map(|finding| {
            let says = |text: &Option<String>| text.as_ref().is_some_and(|text| text.len() > 8);
            assert!(says(&finding.meaning) && says(&finding.fix), "{finding:?}");
            (finding.check, finding.level)
        })
        .collect()
}

fn faults_inside(change: impl FnOnce(&mut Inside)) -> Vec<(&'static str, Level)> {
    let mut inside = inside();
    change(&mut inside);
    faults(Found::Store(Box::new(inside)), place())
}

fn faults_around(change: impl FnOnce(&mut Place)) -> Vec<(&'static str, Level)> {
    let mut place = place();
    change(&mut place);
    faults(Found::Store(Box::new(inside())), place)
}

#[test]
fn a_healthy_store_has_no_fault_and_neither_has_none_yet() {
    assert_eq!(faults_inside(|_| {}), []);
    assert_eq!(faults(Found::Nothing, place()), []);
    let bare = Place { permissions: None, file_system: None, free_bytes: None, ..place() };
    assert_eq!(faults(Found::Nothing, Place { flush: None, users: None, ..bare }), []);
}

#[test]
fn faults_of_the_file_are_found() {
    use Level::{Problem, Warning};
    let error = || Error::new(Code::StoreCorrupt, "another migration", "use the right release");
    assert_eq!(faults_inside(|inside| inside.schema_version = 6), [("schema", Problem)]);
    assert_eq!(faults_inside(|inside| inside.schema_version = 4), [("schema", Warning)]);
    assert_eq!(faults_inside(|inside| inside.schema_fault = Some(error())), [("schema", Problem)]);
    assert_eq!(faults_inside(|inside| inside.journal_mode = "delete".into()), [("log", Warning)]);
    assert_eq!(faults_inside(|inside| inside.log_bytes = 300 << 20), [("log", Warning)]);
    assert_eq!(faults_inside(|inside| inside.log_bytes = 130 << 20), []);
    assert_eq!(
        faults_inside(|inside| inside.damage = vec!["page 3".into()]),
        [("integrity", Problem)]
    );
    assert_eq!(faults_inside(|inside| inside.is_locked = true), [("lock", Warning)]);
    let unusable = faults(Found::Unusable(error()), place());
    assert_eq!(unusable, [("store", Problem)]);
}

#[test]
fn faults_of_the_place_are_found() {
    use Level::{Problem, Warning};
    let on = |kind: &str| {
        let kind = kind.to_owned();
        faults_around(|place| place.file_system = Some(FileSystem { kind, mount: "/".into() }))
    };
    for kind in ["nfs4", "cifs", "9p", "fuse.sshfs"] {
        assert_eq!(on(kind), [("location", Problem)], "{kind}");
    }
    for kind in ["tmpfs", "overlay"] {
        assert_eq!(on(kind), [("location", Warning)], "{kind}");
    }
    for kind in ["xfs", "btrfs", "zfs", "apfs", "fuseblk"] {
        assert_eq!(on(kind), [], "{kind}");
    }
    let around = |change: fn(&mut Place)| faults_around(change);
    assert_eq!(around(|place| place.synced = Some("/d".into())), [("location", Problem)]);
    assert_eq!(around(|place| place.repository = Some("/d".into())), [("location", Warning)]);
    assert_eq!(around(|place| place.free_bytes = Some(10 << 20)), [("disk", Problem)]);
    assert_eq!(around(|place| place.free_bytes = Some(500 << 20)), [("disk", Warning)]);
    let flush =
        |micros| faults_around(|place| place.flush = Some(Ok(Duration::from_micros(micros))));
    assert_eq!(flush(1), [("flush", Warning)]);
    assert_eq!(flush(25_000), [("flush", Warning)]);
    assert_eq!(around(|place| place.flush = Some(Err("no".into()))), [("flush", Problem)]);
}

#[test]
fn who_may_read_or_write_the_file_is_judged() {
    use Level::{Problem, Warning};
    let bits = |file, folder| {
        let permissions = Some(Permissions { file: Some(file), folder });
        faults_around(|place| place.permissions = permissions)
    };
    assert_eq!(bits(0o600, 0o755), []);
    assert_eq!(bits(0o600, 0o1777), [], "in a folder such as /tmp nobody replaces another's file");
    assert_eq!(bits(0o644, 0o755), [("permissions", Warning)]);
    assert_eq!(bits(0o640, 0o700), [("permissions", Warning)]);
    assert_eq!(bits(0o660, 0o700), [("permissions", Problem)]);
    assert_eq!(bits(0o600, 0o777), [("permissions", Problem)]);
    let foreign = Error::new(Code::StoreForeign, "is another's", "name another file");
    let open = Some(Permissions { file: Some(0o666), folder: 0o777 });
    let place = Place { permissions: open, ..place() };
    assert_eq!(faults(Found::Unusable(foreign), place), [("store", Problem)], "and left alone");
}

#[test]
fn a_clock_that_was_turned_is_noticed() {
    let ahead = |micros: i64| {
        faults_inside(|inside| inside.newest_event = Some(Timestamp::from_micros(NOW + micros)))
    };
    assert_eq!(ahead(3 * 3_600 * SECOND), [("clock", Level::Warning)]);
    assert_eq!(ahead(SECOND), []);
    let findings = examine(&inspection(Found::Nothing, place()), Timestamp::from_micros(0));
    let clock = findings.iter().find(|finding| finding.check == "clock").unwrap();
    assert_eq!(clock.level, Level::Problem);
}

#[test]
fn sizes_are_in_units_that_suit_them() {
    assert_eq!(
        [0, 1_023, 1_024, 1_536, 76 << 10, 5 << 30].map(bytes),
        ["0 bytes", "1023 bytes", "1.0 KiB", "1.5 KiB", "76 KiB", "5.0 GiB"]
    );
}
