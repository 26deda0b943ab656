//! Whether the store's files are still where they were opened.
//!
//! A file that was removed or replaced can still be written to by who has it open, and nobody would
//! ever find the events again. So every commit is followed by a look, before anything is acknowledged,
//! and no reader is opened on other files than the writer's. SQLite itself does not look.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::open;
use crate::domain::error::{Code, Error, Result};

/// What tells a file from another one of the same name: the device and the number on it.
type Identity = Option<(u64, u64)>;

/// The files of an opened store.
pub struct Place {
    /// The database file, the write-ahead log, and the index of the log.
    paths: [PathBuf; 3],
    opened: Mutex<[Identity; 3]>,
}

/// The write-ahead log of the database file at `path`, and the index of the log. Where the path is a
/// link, SQLite keeps them beside the file that it leads to.
pub fn beside(path: &Path) -> [PathBuf; 2] {
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    ["-wal", "-shm"].map(|ending| {
        let mut name = real.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    })
}

impl Place {
    /// The files as they are now, of which the store must have just been opened.
    pub fn of(path: &Path) -> Self {
        let [log, index] = beside(path);
        let paths = [path.to_owned(), log, index];
        let opened = Mutex::new(paths.each_ref().map(|path| identity(path)));
        Self { paths, opened }
    }

    /// Whether all files are those that were opened.
    ///
    /// # Errors
    ///
    /// `store_unavailable` where one was removed, moved or replaced; `store_read_only` where the folder
    /// does not let this user look.
    pub fn check(&self) -> Result<()> {
        self.compare(self.paths.len())
    }

    /// The same for the database file alone; the others are made anew when it is opened again.
    ///
    /// # Errors
    ///
    /// As [`Place::check`].
    pub fn check_database(&self) -> Result<()> {
        self.compare(1)
    }

    /// Whether the log alone is lost: what is in it can still be moved into the database file, by who has
    /// both open. Without the log's index others may have written meanwhile, and nothing is moved.
    pub fn only_log_is_lost(&self) -> bool {
        let opened = *self.opened();
        let [database, log, index] =
            std::array::from_fn(|file| identity(&self.paths[file]) == opened[file]);
        database && !log && index
    }

    /// To be called when the store was opened again.
    pub fn opened_again(&self) {
        *self.opened() = self.paths.each_ref().map(|path| identity(path));
    }

    fn compare(&self, files: usize) -> Result<()> {
        let opened = *self.opened();
        let mut both = self.paths.iter().zip(opened).take(files);
        match both.find(|(path, opened)| identity(path) != *opened) {
            None => Ok(()),
            Some((path, _)) => Err(match fs::metadata(path) {
                Err(error) if error.kind() != ErrorKind::NotFound => open::unusable(path, &error),
                _ => lost(path),
            }),
        }
    }

    fn opened(&self) -> std::sync::MutexGuard<'_, [Identity; 3]> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(unix)]
fn identity(path: &Path) -> Identity {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(path).ok().map(|found| (found.dev(), found.ino()))
}

/// Other systems do not let a file that is open be removed.
#[cfg(not(unix))]
fn identity(path: &Path) -> Identity {
    fs::metadata(path).ok().map(|_| (0, 0))
}

fn lost(path: &Path) -> Error {
    Error::new(
        Code::StoreUnavailable,
        format!(
            "{} is not the file that was opened: it was removed, moved or replaced",
            path.display()
        ),
        "put the store's files back where they were, and send the call again with the same event \
         ids; to go on with what is there now, start Annals again",
    )
    .at("store")
}
