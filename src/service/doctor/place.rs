//! The disk, the folder and who may read them.

use std::path::Path;
use std::time::Duration;

use super::{Finding, bytes};
use crate::store::{Found, Inspection, Permissions, Place};

const MIB: u64 = 1024 * 1024;

/// Free space below which the disk is as good as full.
const FULL: u64 = 64 * MIB;
/// Free space below which it will be soon.
const NEARLY_FULL: u64 = 1024 * MIB;
/// No disk has written 4 KiB in less.
const TOO_FAST: Duration = Duration::from_micros(5);
/// A flush that takes longer makes every event wait noticeably.
const SLOW: Duration = Duration::from_millis(20);

/// File systems of other machines.
const NETWORK: &[&str] = &[
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "9p",
    "afs",
    "ceph",
    "glusterfs",
    "lustre",
    "beegfs",
    "davfs",
    "vboxsf",
    "vmhgfs",
    "fuse.sshfs",
    "fuse.rclone",
    "fuse.s3fs",
    "fuse.glusterfs",
    "fuse.vmhgfs-fuse",
    "fuse.davfs2",
    "fuse.gcsfuse",
    "virtiofs",
    "prl_fs",
];
/// File systems that are gone when the machine stops.
const MEMORY: &[&str] = &["tmpfs", "ramfs"];
/// File systems that are gone with their container.
const CONTAINER: &[&str] = &["overlay", "aufs"];

/// Judges the place of a store.
pub fn examine(inspection: &Inspection) -> Vec<Finding> {
    let place = &inspection.place;
    let mut findings = vec![location(place)];
    if matches!(inspection.found, Found::Store(_)) {
        findings.extend(permissions(place, &inspection.path));
    }
    findings.extend(place.free_bytes.map(disk));
    findings.extend(place.flush.as_ref().map(|measured| match measured {
        Ok(time) => flush(*time),
        Err(why) => unwritable(place, why),
    }));
    if matches!(inspection.found, Found::Store(_)) {
        findings.extend(users(place));
    }
    findings
}

fn permissions(place: &Place, path: &Path) -> Option<Finding> {
    let Permissions { file, folder } = place.permissions?;
    let (name, around) = (path.display(), place.folder.display());
    let bits = file.unwrap_or(0);
    // A folder with the sticky bit lets nobody replace the files of others.
    if bits & 0o022 != 0 || (folder & 0o002 != 0 && folder & 0o1000 == 0) {
        return Some(Finding::problem(
            "permissions",
            format!("other users can write to {name}, or replace it"),
            "they can change the record of every agent",
            format!("chmod 600 '{name}'; chmod go-w '{around}'"),
        ));
    }
    if bits & 0o044 != 0 {
        return Some(Finding::warning(
            "permissions",
            format!("other users can read {name} (mode {bits:03o})"),
            "events may hold what is not meant for them",
            format!("chmod 600 '{name}'*"),
        ));
    }
    file.map(|_| Finding::ok("permissions", "for this user only"))
}

fn location(place: &Place) -> Finding {
    let folder = place.folder.display();
    let kind = place.file_system.as_ref().map(|found| found.kind.as_str()).unwrap_or_default();
    let elsewhere = "move it to a local disk while no program uses it, and name it with --store, \
                     ANNALS_STORE or the setting store";
    if NETWORK.contains(&kind) {
        return Finding::problem(
            "location",
            format!("{folder} is on a file system of another machine ({kind})"),
            "SQLite's locks and shared memory do not hold across machines; a store that two of \
             them use is damaged",
            elsewhere,
        );
    }
    if let Some(around) = &place.synced {
        return Finding::problem(
            "location",
            format!(
                "{folder} is in {}, which is kept equal to another machine's",
                around.display()
            ),
            "what synchronises it copies and replaces files while they are written, and damages them",
            elsewhere,
        );
    }
    if MEMORY.contains(&kind) {
        return Finding::warning(
            "location",
            format!("{folder} is in memory ({kind})"),
            "the store is gone when the machine stops",
            elsewhere,
        );
    }
    if CONTAINER.contains(&kind) {
        return Finding::warning(
            "location",
            format!("{folder} belongs to a container ({kind})"),
            "the store is gone with the container",
            "keep it on a volume, and name it with --store, ANNALS_STORE or the setting store",
        );
    }
    if let Some(repository) = &place.repository {
        return Finding::warning(
            "location",
            format!("{folder} is in the git repository {}", repository.display()),
            "the store may end up in a commit, or be removed by git clean",
            "keep it outside, or have .gitignore name it and its files that end in -wal and -shm",
        );
    }
    let disk = if kind.is_empty() { String::new() } else { format!(" ({kind})") };
    Finding::ok(
        "location",
        format!("{folder}{disk}, outside of git repositories and synced folders"),
    )
}

fn disk(free: u64) -> Finding {
    let message = format!("{} free", bytes(free));
    let fix = "free space on the disk that holds the store";
    match free {
        0..FULL => Finding::problem("disk", message, "events are refused when none is left", fix),
        FULL..NEARLY_FULL => {
            Finding::warning("disk", message, "events are refused when none is left", fix)
        }
        _ => Finding::ok("disk", message),
    }
}

fn flush(time: Duration) -> Finding {
    let message = format!("{:.2} ms to write and flush 4 KiB", time.as_secs_f64() * 1_000.0);
    if time < TOO_FAST {
        return Finding::warning(
            "flush",
            message,
            "no disk is that fast: what is flushed is not on the disk, and a power cut may lose \
             acknowledged events",
            "look for what swallows flushes: a mount option, the settings of a virtual machine, \
             libeatmydata",
        );
    }
    if time > SLOW {
        return Finding::warning(
            "flush",
            message,
            "every event waits for one flush; those that come together share it",
            "keep the store on a faster disk, or emit in batches",
        );
    }
    Finding::ok("flush", message)
}

fn unwritable(place: &Place, why: &str) -> Finding {
    Finding::problem(
        "flush",
        format!("nothing can be written in {}: {why}", place.folder.display()),
        "events are refused",
        "give this user write permission on the folder, or free space on its disk",
    )
}

fn users(place: &Place) -> Option<Finding> {
    let users = place.users.as_ref()?;
    let shown: Vec<String> =
        users.iter().take(5).map(|user| format!("{} ({})", user.command, user.pid)).collect();
    let more = users.len().saturating_sub(shown.len());
    Some(Finding::ok(
        "programs",
        match (&shown[..], more) {
            ([], _) => "no other program of this user has it open".to_owned(),
            (shown, 0) => format!("also open in {}", shown.join(", ")),
            (shown, more) => format!("also open in {} and {more} more", shown.join(", ")),
        },
    ))
}
