//! The limit of everything durable: an append of 4 KiB to a growing file and its flush.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use super::figures::{Round, time_each};

/// A file that grows by 4 KiB a time.
pub struct Appends(File);

impl Appends {
    pub fn new(folder: &Path) -> Self {
        Self(File::create(folder.join("appends")).expect("a file to append to"))
    }

    /// Times `count` appends, each flushed with fdatasync.
    pub fn round(&mut self, count: usize) -> Round {
        let block = [0x5a; 4096];
        time_each(0..count, |_| {
            self.0.write_all(&block).expect("an append");
            self.0.sync_data().expect("a flush");
        })
    }
}
