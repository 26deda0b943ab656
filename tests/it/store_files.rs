//! What an embedded store says of a file that it cannot use, and what it does to files.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use annals::domain::error::{Code, Result};
use annals::service::Service;
use annals::store::sqlite::{Options, SqliteStore};
use annals::store::{EventStore, SystemClock};
use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;

use crate::checker::check;
use crate::conformance::{Annals, in_time, refused, task};
use crate::disk::{Disk, may_mount};
use crate::writer::Orders;

mod lost;

/// Opens the file with a short patience for locks.
fn open(path: &Path) -> Result<Annals> {
    let clock = Arc::new(SystemClock);
    let lock_timeout = Duration::from_millis(100);
    let options = Options { lock_timeout, ..Options::new(clock.clone()) };
    let store: Arc<dyn EventStore> = Arc::new(SqliteStore::open(path, options)?);
    Ok(Annals { service: Service::new(Arc::clone(&store), clock), store })
}

/// A folder and the path of a store in it.
fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("annals.db");
    (folder, path)
}

/// A closed store with one instance, which has 20 events.
async fn closed_store(path: &Path) -> String {
    let annals = open(path).unwrap();
    let instance = annals.register().await;
    annals.emit_tasks(&instance, 19).await;
    annals.close().await;
    instance
}

/// The name and the bytes of every file in a folder. Not for the folder of an open store: closing
/// a file gives up every lock that this process has on it.
fn bytes(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| {
            (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap_or_default())
        })
        .collect();
    files.sort();
    files
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn a_missing_folder_is_created_and_everything_is_for_its_user_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b/annals.db");
    let annals = open(&path).unwrap();
    annals.register().await;
    assert_eq!(mode(&folder.path().join("a")), 0o700);
    assert_eq!(mode(&folder.path().join("a/b")), 0o700);
    for file in ["annals.db", "annals.db-wal", "annals.db-shm"] {
        assert_eq!(mode(&folder.path().join("a/b").join(file)), 0o600, "{file}");
    }
}

#[tokio::test]
async fn an_empty_file_becomes_a_store() {
    let (_folder, path) = place();
    fs::write(&path, "").unwrap();
    let annals = open(&path).unwrap();
    let instance = annals.register().await;
    assert_eq!(annals.events(&instance).await.len(), 1);
}

#[test]
fn a_file_that_is_no_database_is_foreign_and_not_touched() {
    let long = "no database at all. ".repeat(1_000);
    for text in ["x", "SQLite format 2\0 and more", &long, "\0\0\0\0", "SQLite format 3\0"] {
        let (folder, path) = place();
        fs::write(&path, text).unwrap();
        let before = bytes(folder.path());
        let Err(error) = open(&path) else { panic!("{text:.20?} is taken for a store") };
        assert_eq!(refused::<()>(Err(error), Code::StoreForeign).field.as_deref(), Some("store"));
        assert!(bytes(folder.path()) == before, "{text:.20}");
    }
}

#[test]
fn a_database_of_another_program_is_foreign_and_not_touched() {
    for mode in ["DELETE", "WAL"] {
        let (folder, path) = place();
        let other = Connection::open(&path).unwrap();
        other.pragma_update(None, "journal_mode", mode).unwrap();
        other.execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (1)").unwrap();
        other.close().unwrap();
        let before = bytes(folder.path());
        refused(open(&path).map(drop), Code::StoreForeign);
        assert!(bytes(folder.path()) == before, "{mode}");
    }
}

#[test]
fn the_log_that_another_program_left_is_not_taken_in() {
    let (folder, path) = place();
    let other = Connection::open(&path).unwrap();
    other.pragma_update(None, "journal_mode", "WAL").unwrap();
    other.execute_batch("CREATE TABLE t (a)").unwrap();
    other.query_row("PRAGMA wal_checkpoint", [], |_| Ok(())).unwrap();
    other.execute_batch("INSERT INTO t VALUES (1)").unwrap();
    let copy = tempfile::tempdir().unwrap();
    for (name, content) in bytes(folder.path()) {
        if !name.ends_with("-shm") {
            fs::write(copy.path().join(name), content).unwrap();
        }
    }
    let before = bytes(copy.path());
    assert_eq!(before.len(), 2, "the database and its log");
    refused(open(&copy.path().join("annals.db")).map(drop), Code::StoreForeign);
    assert!(bytes(copy.path()) == before);
}

#[tokio::test]
async fn a_store_with_a_newer_schema_is_refused_and_not_touched() {
    let (folder, path) = place();
    closed_store(&path).await;
    let other = Connection::open(&path).unwrap();
    other.pragma_update(None, "user_version", 999).unwrap();
    other.close().unwrap();
    let before = bytes(folder.path());
    let error = refused(open(&path).map(drop), Code::StoreNewer);
    assert!(error.message.contains("999"), "{error}");
    assert!(bytes(folder.path()) == before);
}

#[tokio::test]
async fn a_path_that_no_file_can_have_is_no_store() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "text").unwrap();
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
    let paths = [folder.path().to_owned(), file.join("annals.db"), file.join("a/b.db"), pipe];
    for path in paths {
        let shown = path.display().to_string();
        let opening = tokio::task::spawn_blocking(move || open(&path).map(drop));
        let error = refused(in_time(&shown, opening).await.unwrap(), Code::InvalidStore);
        assert_eq!(error.field.as_deref(), Some("store"));
    }
}

/// SQLite itself would keep the first in memory, and read options from the second.
#[tokio::test]
async fn a_name_that_means_something_to_sqlite_is_a_file_all_the_same() {
    for name in [":memory:", "file:a?mode=memory", "a#b%20c?immutable=1"] {
        let folder = tempfile::tempdir().unwrap();
        let orders = Orders {
            calls: Some(5),
            folder: Some(folder.path().to_owned()),
            ..Orders::new(&format!("sqlite:{name}"))
        };
        let told = orders.start().finish();
        assert_eq!(told.len(), 5);
        let annals = open(&folder.path().join(name)).unwrap();
        check(&annals.store, &told).await.assert_none();
        annals.close().await;
        assert_eq!(bytes(folder.path()).len(), 1, "{name} is the only file");
    }
    refused(open(Path::new("")).map(drop), Code::InvalidStore);
}

#[tokio::test]
async fn a_damaged_store_is_said_to_be_damaged() {
    // Where the file ends, or where rubbish begins: in the header, in the schema, among the events.
    for (keep, rubbish) in [(40, false), (700, false), (5_000, false), (90, true), (4_096, true)] {
        let (_folder, path) = place();
        let instance = closed_store(&path).await;
        let mut content = fs::read(&path).unwrap();
        let length = content.len();
        content.truncate(keep);
        if rubbish {
            content.resize(length, 0xa5);
        }
        fs::write(&path, content).unwrap();
        let codes = [Code::StoreCorrupt, Code::StoreForeign];
        match open(&path) {
            Err(error) => assert!(codes.contains(&error.code), "{keep} {rubbish}: {error:?}"),
            Ok(annals) => {
                let json = json!({"instance_id": instance});
                refused(annals.query(json.clone()).await, Code::StoreCorrupt);
                refused(annals.replay(json).await, Code::StoreCorrupt);
                refused(annals.emit(task(&instance, "t")).await, Code::StoreCorrupt);
            }
        }
    }
}

#[tokio::test]
async fn a_lock_that_another_program_keeps_is_named_and_stops_only_writing() {
    let (_folder, path) = place();
    let annals = open(&path).unwrap();
    let instance = annals.register().await;
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = refused(annals.emit(task(&instance, "a")).await, Code::StoreLocked);
    let ids = error.details.unwrap()["event_ids"].clone();
    assert_eq!(ids.as_array().unwrap().len(), 1, "the ids to send the events again with");
    assert_eq!(annals.events(&instance).await.len(), 1);
    other.execute_batch("ROLLBACK").unwrap();
    let mut again = task(&instance, "a");
    again["event_id"] = ids[0].clone();
    let answer = annals.emit(again).await.unwrap();
    assert_eq!((answer.receipt.sequence_num, answer.receipt.duplicate), (2, false));
}

#[test]
fn a_lock_while_opening_is_named() {
    let (_folder, path) = place();
    fs::write(&path, "").unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    refused(open(&path).map(drop), Code::StoreLocked);
    other.execute_batch("ROLLBACK").unwrap();
    open(&path).unwrap();
}

#[tokio::test]
async fn what_a_killed_writer_left_in_the_log_is_taken_in() {
    let (folder, path) = place();
    let mut orders = Orders::new(&format!("sqlite:{}", path.display()));
    orders.tasks = 4;
    let writer = orders.start();
    writer.wait_for(200);
    let told = writer.kill();
    let log = folder.path().join("annals.db-wal");
    assert!(fs::metadata(&log).unwrap().len() > 0, "the killed writer left a log");
    let annals = open(&path).unwrap();
    assert_eq!(fs::metadata(&log).unwrap().len(), 0, "the log is in the file");
    check(&annals.store, &told).await.assert_none();
}

#[tokio::test]
async fn many_who_open_a_fresh_file_at_once_all_get_the_same_store() {
    for _ in 0..20 {
        let (_folder, path) = place();
        let openings: Vec<_> = (0..8)
            .map(|_| {
                let path = path.clone();
                let options = Options::new(Arc::new(SystemClock));
                tokio::task::spawn_blocking(move || SqliteStore::open(&path, options))
            })
            .collect();
        let mut ids = Vec::new();
        for opening in openings {
            ids.push(opening.await.unwrap().unwrap().facts().store_id);
        }
        ids.dedup();
        assert_eq!(ids.len(), 1);
    }
}

/// Closing any handle of a file gives up every lock that the process has on it, so that opening a
/// store must not open and close its file on its own.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn opening_a_store_again_keeps_the_locks_of_the_process() {
    let (_folder, path) = place();
    let inode = fs::metadata(open_and_keep(&path)).unwrap().ino();
    let locks = || {
        let locks = fs::read_to_string("/proc/locks").unwrap();
        let (pid, file) = (std::process::id().to_string(), format!(":{inode}"));
        let of_store = |line: &&str| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            fields.get(4) == Some(&pid.as_str()) && fields[5].ends_with(&file)
        };
        locks.lines().filter(of_store).count()
    };
    let before = locks();
    assert!(before > 0, "an open store holds a lock");
    let again = open(&path).unwrap();
    assert_eq!(locks(), before);
    again.close().await;
    assert_eq!(locks(), before);
}

/// Opens a store for the rest of the process.
fn open_and_keep(path: &Path) -> &Path {
    std::mem::forget(open(path).unwrap());
    path
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_closed_store_holds_no_file_open() {
    for _ in 0..20 {
        let (folder, path) = place();
        let annals = open(&path).unwrap();
        let instance = annals.register().await;
        annals.query(json!({"instance_id": instance})).await.unwrap();
        let mut appended = annals.store.appended();
        appended.changed().await.unwrap();
        let keep = annals.clone();
        annals.close().await;
        let open: Vec<_> = fs::read_dir("/proc/self/fd")
            .unwrap()
            .filter_map(|entry| fs::read_link(entry.unwrap().path()).ok())
            .filter(|target| target.starts_with(folder.path()))
            .collect();
        assert_eq!(open, Vec::<PathBuf>::new());
        refused(keep.emit(task(&instance, "late")).await, Code::StoreUnavailable);
    }
}

#[tokio::test]
async fn a_read_only_store_is_named() {
    if !may_mount("read-only disks", "store_files::a_read_only_store_is_named") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::mount(folder.path(), "size=8m").unwrap();
    let path = disk.folder().join("annals.db");
    let instance = closed_store(&path).await;
    disk.make_read_only();
    refused(open(&path).map(drop), Code::StoreReadOnly);
    refused(open(&disk.folder().join("new.db")).map(drop), Code::StoreReadOnly);
    refused(open(&disk.folder().join("new/annals.db")).map(drop), Code::StoreReadOnly);
    disk.make_writable();
    assert_eq!(open(&path).unwrap().events(&instance).await.len(), 20);
}

#[tokio::test]
async fn a_full_disk_is_named_loses_nothing_and_is_recovered_from() {
    let test = "store_files::a_full_disk_is_named_loses_nothing_and_is_recovered_from";
    if !may_mount("full disks", test) {
        return;
    }
    for bytes_each in [100, 30_000] {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::mount(folder.path(), "size=8m").unwrap();
        let ballast = disk.folder().join("ballast");
        fs::write(&ballast, vec![1; 5 << 20]).unwrap();
        let path = disk.folder().join("annals.db");
        let annals = open(&path).unwrap();
        let instance = annals.register().await;
        let big = |n: usize| {
            json!({"instance_id": instance, "event_type": "task_spawned",
                "event_data": {"task_id": format!("t{n}"), "text": "x".repeat(bytes_each)}})
        };
        let mut stored = vec![1];
        let mut refusals = 0;
        for n in 0..60_000 {
            match annals.emit(big(n)).await {
                Ok(answer) => stored.push(answer.receipt.sequence_num),
                Err(error) => {
                    assert_eq!(error.code, Code::StoreFull, "{error:?}");
                    refusals += 1;
                }
            }
            if refusals == 20 {
                break;
            }
        }
        assert_eq!(refusals, 20, "the disk was full");
        let numbers = |events: Vec<annals::domain::event::Event>| -> Vec<u64> {
            events.iter().map(|event| event.sequence_num).collect()
        };
        assert_eq!(numbers(annals.events(&instance).await), stored, "reads go on");
        refused(open(&disk.folder().join("second.db")).map(drop), Code::StoreFull);
        fs::remove_file(&ballast).unwrap();
        for n in 0..5 {
            stored.push(annals.emit(big(n)).await.unwrap().receipt.sequence_num);
        }
        assert_eq!(stored, (1..=stored.len() as u64).collect::<Vec<_>>());
        assert!(annals.verify().await.valid);
        annals.close().await;
        let annals = open(&path).unwrap();
        assert_eq!(numbers(annals.events(&instance).await), stored);
        annals.close().await;
    }
}
