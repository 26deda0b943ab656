//! Files that are removed, moved or replaced while a store is open on them.

use std::fs;
use std::path::Path;

use annals::domain::error::Code;
use serde_json::json;

use super::{closed_store, open, place};
use crate::conformance::{Annals, refused, task};

/// Moves files of the store at `from` to the store's name at `to`.
fn rename(endings: &[&str], from: &Path, to: &Path) {
    let file = |path: &Path, ending| format!("{}{ending}", path.display());
    endings.iter().for_each(|ending| fs::rename(file(from, ending), file(to, ending)).unwrap());
}

/// Nothing is acknowledged and nothing is told, whatever is asked.
async fn refuses_everything(annals: &Annals, instance: &str) {
    for _ in 0..2 {
        refused(annals.emit(task(instance, "lost")).await, Code::StoreUnavailable);
        refused(annals.query(json!({"instance_id": instance})).await, Code::StoreUnavailable);
        refused(annals.replay(json!({"instance_id": instance})).await, Code::StoreUnavailable);
        let ready = annals.service.ready().await;
        refused(ready, Code::StoreUnavailable);
    }
}

#[tokio::test]
async fn nothing_is_acknowledged_while_a_file_is_away_and_all_goes_on_when_it_is_back() {
    let all: [&[&str]; 4] = [&[""], &["-wal"], &["-shm"], &["", "-wal", "-shm"]];
    for endings in all {
        let (folder, path) = place();
        let annals = open(&path).unwrap();
        let instance = annals.register().await;
        annals.emit_tasks(&instance, 5).await;
        let away = folder.path().join("away");
        rename(endings, &path, &away);
        refuses_everything(&annals, &instance).await;
        rename(endings, &away, &path);
        annals.emit_tasks(&instance, 5).await;
        assert_eq!(annals.events(&instance).await.len(), 11, "{endings:?}");
        annals.close().await;
        let again = open(&path).unwrap();
        assert_eq!(again.events(&instance).await.len(), 11, "{endings:?}");
        assert!(again.verify().await.valid, "{endings:?}");
        again.close().await;
    }
}

#[tokio::test]
async fn a_removed_store_is_not_made_anew() {
    let (folder, path) = place();
    let annals = open(&path).unwrap();
    let instance = annals.register().await;
    for ending in ["", "-wal", "-shm"] {
        fs::remove_file(format!("{}{ending}", path.display())).unwrap();
    }
    refuses_everything(&annals, &instance).await;
    annals.close().await;
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was made in its place");
}

#[tokio::test]
async fn a_store_that_takes_the_place_of_an_open_one_is_left_alone() {
    let (folder, path) = place();
    let other = folder.path().join("other.db");
    let resident = closed_store(&other).await;
    let annals = open(&path).unwrap();
    let instance = annals.register().await;
    annals.emit_tasks(&instance, 5).await;
    rename(&["", "-wal", "-shm"], &path, &folder.path().join("away"));
    fs::rename(&other, &path).unwrap();
    let successor = open(&path).unwrap();
    successor.emit_tasks(&resident, 5).await;
    refuses_everything(&annals, &instance).await;
    annals.close().await;
    successor.emit_tasks(&resident, 5).await;
    assert!(successor.verify().await.valid);
    assert_eq!(successor.events(&resident).await.len(), 30);
    successor.close().await;
    let again = open(&path).unwrap();
    assert_eq!(again.events(&resident).await.len(), 30);
    refused(again.query(json!({"instance_id": instance})).await, Code::InstanceNotFound);
}

#[tokio::test]
async fn what_was_acknowledged_before_the_log_was_removed_is_kept() {
    for emits_after in [false, true] {
        let (_folder, path) = place();
        let annals = open(&path).unwrap();
        let instance = annals.register().await;
        annals.emit_tasks(&instance, 5).await;
        fs::remove_file(format!("{}-wal", path.display())).unwrap();
        if emits_after {
            refuses_everything(&annals, &instance).await;
        }
        annals.close().await;
        let again = open(&path).unwrap();
        assert_eq!(again.events(&instance).await.len(), 6);
        assert!(again.verify().await.valid);
    }
}

#[tokio::test]
async fn the_log_of_a_store_behind_a_link_is_watched() {
    let (folder, path) = place();
    let real = folder.path().join("real.db");
    closed_store(&real).await;
    std::os::unix::fs::symlink(&real, &path).unwrap();
    let annals = open(&path).unwrap();
    let instance = annals.register().await;
    fs::remove_file(format!("{}-wal", real.display())).unwrap();
    refuses_everything(&annals, &instance).await;
}

#[tokio::test]
async fn a_log_whose_file_is_away_is_not_taken_for_nothing() {
    let (folder, path) = place();
    let annals = open(&path).unwrap();
    let instance = annals.register().await;
    annals.emit_tasks(&instance, 5).await;
    // As a kill leaves them.
    let left = folder.path().join("left");
    for ending in ["", "-wal"] {
        fs::copy(format!("{}{ending}", path.display()), format!("{}{ending}", left.display()))
            .unwrap();
    }
    let away = folder.path().join("away");
    rename(&[""], &left, &away);
    refused(open(&left).map(drop), Code::StoreUnavailable);
    fs::write(&left, "").unwrap();
    refused(open(&left).map(drop), Code::StoreUnavailable);
    rename(&[""], &away, &left);
    let again = open(&left).unwrap();
    assert_eq!(again.events(&instance).await.len(), 6);
    assert!(again.verify().await.valid);
}

/// A new store would share the log, and its index, with those who have the old one open.
#[tokio::test]
async fn a_store_that_is_away_is_not_replaced_while_it_is_open() {
    let (folder, path) = place();
    let annals = open(&path).unwrap();
    let instance = annals.register().await;
    // Who comes moves the log into the file and leaves it empty.
    let other = open(&path).unwrap();
    assert_eq!(fs::metadata(format!("{}-wal", path.display())).unwrap().len(), 0);
    let away = folder.path().join("away");
    rename(&[""], &path, &away);
    for removed in [None, Some("-wal")] {
        let _ = removed.map(|ending| fs::remove_file(format!("{}{ending}", path.display())));
        refused(open(&path).map(drop), Code::StoreUnavailable);
        assert!(!path.exists(), "{removed:?}");
    }
    rename(&[""], &away, &path);
    for annals in [annals, other] {
        refuses_everything(&annals, &instance).await;
        annals.close().await;
    }
    let again = open(&path).unwrap();
    assert_eq!(again.events(&instance).await.len(), 1);
}
