//! A small file system of its own, where the user may mount one.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::writer::this_binary;

/// Set where a test runs in a namespace of its own.
const IN_NAMESPACE: &str = "ANNALS_TEST_IN_NAMESPACE";

/// A file system in memory, gone when dropped.
pub struct Disk {
    folder: PathBuf,
}

/// Whether `test` may mount a [`Disk`]. Where the user may not, the test runs in a namespace in which it
/// may, and this gives no. Where there are none either it says loudly that `what` was not tested.
pub fn may_mount(what: &str, test: &str) -> bool {
    let folder = tempfile::tempdir().unwrap();
    if Disk::mount(folder.path(), "size=1m").is_some() {
        return true;
    }
    let tried = std::env::var_os(IN_NAMESPACE).is_some();
    let mut namespace = Command::new("unshare");
    namespace.args(["--user", "--map-root-user", "--mount"]);
    let possible =
        !tried && namespace.arg("true").output().is_ok_and(|output| output.status.success());
    if !possible {
        // Past the test harness, which would keep it to itself.
        let note = format!("\nNOTE: {what} were NOT tested: mounting a disk takes root\n");
        std::io::stderr().write_all(note.as_bytes()).unwrap();
        return false;
    }
    let mut again = Command::new("unshare");
    again.args(["--user", "--map-root-user", "--mount"]);
    let this = this_binary(test);
    let ran = again.arg(this.get_program()).args(this.get_args()).env(IN_NAMESPACE, "1").output();
    let ran = ran.unwrap();
    let told = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success() && told.contains("1 passed"), "{told}");
    false
}

impl Disk {
    /// Mounts a file system with these options on a folder, if that is allowed.
    pub fn mount(folder: &Path, options: &str) -> Option<Self> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(folder);
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        mounted.then(|| Self { folder: folder.to_owned() })
    }

    /// Where it is mounted.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Fills it to the last byte.
    pub fn fill(&self) {
        let mut ballast =
            std::fs::OpenOptions::new().create(true).append(true).open(self.ballast()).unwrap();
        for size in [1 << 16, 1 << 12, 1] {
            while ballast.write_all(&vec![1; size]).is_ok() {}
        }
    }

    /// Frees what filled it.
    pub fn free(&self) {
        std::fs::remove_file(self.ballast()).unwrap();
    }

    fn ballast(&self) -> PathBuf {
        self.folder.join("ballast")
    }

    /// Refuses every change from now on.
    pub fn make_read_only(&self) {
        self.remount("remount,bind,ro");
    }

    /// Allows changes again.
    pub fn make_writable(&self) {
        self.remount("remount,bind,rw");
    }

    fn remount(&self, options: &str) {
        let mut mount = Command::new("mount");
        assert!(mount.args(["-o", options]).arg(self.folder()).status().unwrap().success());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: a test that fails may still have files open.
        let _ = Command::new("umount").arg("-l").arg(&self.folder).status();
    }
}
