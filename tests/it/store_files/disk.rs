//! A small file system of its own, where the user may mount one.

use std::io::Write;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// A file system in memory, gone when dropped.
pub struct Disk {
    folder: TempDir,
}

impl Disk {
    /// Mounts a file system with these options. Where that is not allowed it says loudly that
    /// `what` was not tested, and gives nothing.
    pub fn mount(what: &str, options: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(folder.path());
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        if !mounted {
            // Past the test harness, which would keep it to itself.
            let note = format!("\nNOTE: {what} were NOT tested: mounting a disk takes root\n");
            std::io::stderr().write_all(note.as_bytes()).unwrap();
            return None;
        }
        Some(Self { folder })
    }

    /// Where it is mounted.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Refuses every change from now on.
    pub fn make_read_only(&self) {
        self.remount("remount,ro");
    }

    /// Allows changes again.
    pub fn make_writable(&self) {
        self.remount("remount,rw");
    }

    fn remount(&self, options: &str) {
        let mut mount = Command::new("mount");
        assert!(mount.args(["-o", options]).arg(self.folder()).status().unwrap().success());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: a test that fails may still have files open.
        let _ = Command::new("umount").arg("-l").arg(self.folder()).status();
    }
}
