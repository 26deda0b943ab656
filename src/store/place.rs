//! Where the file of a store is: the disk, the folder, who may read it, and who has it open.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How often a flush is tried.
const FLUSHES: usize = 16;

/// Where a file is.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// The folder of the file.
    pub folder: PathBuf,
    /// Whether the folder is there.
    pub folder_exists: bool,
    /// Who may do what, where the system tells.
    pub permissions: Option<Permissions>,
    /// The file system, where the system tells.
    pub file_system: Option<FileSystem>,
    /// The git repository that the file is in.
    pub repository: Option<PathBuf>,
    /// The folder around the file that a program keeps equal to another machine's.
    pub synced: Option<PathBuf>,
    /// The free bytes of the disk for this user, where the system tells.
    pub free_bytes: Option<u64>,
    /// How long a flush of 4 KiB in the folder takes, the median of some; or why it failed. `None`
    /// where it was not tried.
    pub flush: Option<Result<Duration, String>>,
    /// The processes of this user that have the file open, where the system tells.
    pub users: Option<Vec<User>>,
}

/// Who may do what with a file and its folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permissions {
    /// The bits of the file, such as `0o600`; `None` without one.
    pub file: Option<u32>,
    /// The bits of the folder, such as `0o700`.
    pub folder: u32,
}

/// A mounted file system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSystem {
    /// Its kind, such as `ext4` or `nfs4`.
    pub kind: String,
    /// Where it is mounted.
    pub mount: PathBuf,
}

/// A process that has the file open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The process.
    pub pid: u32,
    /// Its command, as far as it is short.
    pub command: String,
}

/// Looks at the place of the file at `path`, an absolute path. To measure the flush, where that is
/// asked for, it writes a small file of its own into the folder, and removes it.
pub fn look(path: &Path, measure: bool) -> Place {
    let folder = path.parent().unwrap_or(path).to_owned();
    let folder_exists = folder.is_dir();
    // What is true of the nearest folder that exists will be true of those made in it.
    let nearest = folder.ancestors().find(|folder| folder.is_dir()).unwrap_or(&folder);
    let real = fs::canonicalize(nearest).unwrap_or_else(|_| nearest.to_owned());
    Place {
        folder_exists,
        permissions: permissions(path, &folder),
        file_system: file_system(&real),
        repository: marked(&real, &[".git"]),
        synced: synced(&real),
        free_bytes: free_bytes(nearest),
        flush: (measure && folder_exists)
            .then(|| flush(&folder).map_err(|error| error.to_string())),
        users: users(path),
        folder,
    }
}

#[cfg(unix)]
fn permissions(path: &Path, folder: &Path) -> Option<Permissions> {
    use std::os::unix::fs::PermissionsExt;
    let bits = |path: &Path| Some(fs::metadata(path).ok()?.permissions().mode() & 0o7777);
    Some(Permissions { file: bits(path), folder: bits(folder)? })
}

#[cfg(not(unix))]
fn permissions(_: &Path, _: &Path) -> Option<Permissions> {
    None
}

/// The innermost folder around `folder`, itself included, that has an entry of one of these names.
fn marked(folder: &Path, names: &[&str]) -> Option<PathBuf> {
    let marked = |folder: &&Path| names.iter().any(|name| folder.join(name).exists());
    folder.ancestors().find(marked).map(Path::to_owned)
}

/// The folder around `folder` that a known program synchronises.
fn synced(folder: &Path) -> Option<PathBuf> {
    const NAMES: [&str; 9] = [
        "dropbox",
        "onedrive",
        "google drive",
        "googledrive",
        "icloud drive",
        "mobile documents",
        "nextcloud",
        "owncloud",
        "pcloud drive",
    ];
    let named = |folder: &&Path| {
        let name = folder.file_name().map(|name| name.to_string_lossy().to_lowercase());
        // OneDrive adds the name of the organisation.
        name.is_some_and(|name| {
            NAMES.iter().any(|known| {
                name.strip_prefix(known)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(" - "))
            })
        })
    };
    let known = folder.ancestors().find(named).map(Path::to_owned);
    known.or_else(|| marked(folder, &[".stfolder", ".dropbox.cache", ".sync"]))
}

#[cfg(unix)]
fn free_bytes(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    disk.f_bavail.checked_mul(disk.f_frsize)
}

#[cfg(not(unix))]
fn free_bytes(_: &Path) -> Option<u64> {
    None
}

fn flush(folder: &Path) -> std::io::Result<Duration> {
    let path = folder.join(format!(".annals-flush-{}", uuid::Uuid::now_v7().simple()));
    let timed = timed_flushes(&path);
    let removed = fs::remove_file(&path);
    let mut times = timed?;
    removed?;
    times.sort_unstable();
    Ok(times[times.len() / 2])
}

fn timed_flushes(path: &Path) -> std::io::Result<Vec<Duration>> {
    let mut file = File::options().write(true).create_new(true).open(path)?;
    let page = [0; 4096];
    let mut times = Vec::with_capacity(FLUSHES);
    for _ in 0..FLUSHES {
        file.write_all(&page)?;
        let started = Instant::now();
        file.sync_data()?;
        times.push(started.elapsed());
    }
    Ok(times)
}

fn file_system(folder: &Path) -> Option<FileSystem> {
    mounted(&fs::read_to_string("/proc/self/mountinfo").ok()?, folder)
}

/// The file system that `folder` is on, by the table of mounts as Linux tells it.
fn mounted(table: &str, folder: &Path) -> Option<FileSystem> {
    let mounts = table.lines().filter_map(|line| {
        let (mount, source) = line.split_once(" - ")?;
        let point = PathBuf::from(unescaped(mount.split(' ').nth(4)?));
        let kind = source.split(' ').next()?.to_owned();
        folder.starts_with(&point).then_some(FileSystem { kind, mount: point })
    });
    // Of several in one place, the last one lies on top.
    mounts.max_by_key(|found| found.mount.components().count())
}

/// A path of the table, in which spaces and the like are octal.
fn unescaped(text: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .iter()
        .fold(text.to_owned(), |text, (escape, plain)| text.replace(escape, plain))
}

/// Other processes of this user that have the file open.
fn users(path: &Path) -> Option<Vec<User>> {
    let real = fs::canonicalize(path).ok()?;
    let own = std::process::id();
    let mut users = Vec::new();
    for process in fs::read_dir("/proc").ok()?.flatten() {
        let pid = process.file_name().to_str().and_then(|name| name.parse::<u32>().ok());
        let Some(pid) = pid.filter(|pid| *pid != own) else { continue };
        // Those of other users do not tell.
        let Ok(files) = fs::read_dir(process.path().join("fd")) else { continue };
        let mut files = files.flatten().filter_map(|file| fs::read_link(file.path()).ok());
        if files.any(|file| file == real) {
            users.push(User { pid, command: command(&process.path()) });
        }
    }
    users.sort_by_key(|user| user.pid);
    Some(users)
}

/// The name of a process and its first argument, `annals serve`.
fn command(process: &Path) -> String {
    let line = fs::read(process.join("cmdline")).unwrap_or_default();
    let line = String::from_utf8_lossy(&line);
    let mut words = line.split('\0').filter(|word| !word.is_empty());
    let name = words.next().unwrap_or_default();
    let name = name.rsplit('/').next().unwrap_or_default();
    // No further words: they may hold what is none of anybody's business.
    match words.next().filter(|word| word.chars().all(|c| c.is_ascii_lowercase())) {
        Some(word) => format!("{name} {word}"),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_mount_is_the_file_system() {
        let table = "\
            21 27 0:19 / / rw,relatime - ext4 /dev/vda rw\n\
            22 21 0:20 / /srv rw - tmpfs tmpfs rw\n\
            23 22 0:21 / /srv/my\\040share rw,relatime shared:5 - nfs4 host:/x rw\n\
            24 21 0:22 / /srv rw - xfs /dev/vdb rw\n";
        let kind = |path: &str| mounted(table, Path::new(path)).unwrap().kind;
        assert_eq!(kind("/etc"), "ext4");
        assert_eq!(kind("/srv/a"), "xfs", "the later of two in one place is on top");
        assert_eq!(kind("/srv/my share/a"), "nfs4");
        assert_eq!(kind("/srvx"), "ext4");
        assert_eq!(mounted("nonsense\n\n- -\n", Path::new("/")), None);
    }

    #[test]
    fn folders_of_repositories_and_of_synchronisers_are_seen() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b");
        fs::create_dir_all(&deep).unwrap();
        assert_eq!(marked(&deep, &[".git"]), None);
        fs::write(folder.path().join("a/.git"), "gitdir: elsewhere").unwrap();
        assert_eq!(marked(&deep, &[".git"]), Some(folder.path().join("a")));
        assert_eq!(synced(&deep), None);
        fs::create_dir(folder.path().join(".stfolder")).unwrap();
        assert_eq!(synced(&deep).as_deref(), Some(folder.path()));
        for (path, is_synced) in [
            ("/mira/Dropbox/annals", true),
            ("/mira/OneDrive - Example AS/annals", true),
            ("/mira/Library/Mobile Documents/x", true),
            ("/mira/dropbox-client/annals", false),
            ("/mira/annals", false),
        ] {
            assert_eq!(synced(Path::new(path)).is_some(), is_synced, "{path}");
        }
    }

    #[test]
    fn a_flush_is_measured_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        assert!(flush(folder.path()).unwrap() > Duration::ZERO);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(flush(&folder.path().join("none")).is_err());
    }

    #[test]
    fn what_does_not_exist_yet_is_judged_by_the_folder_around_it() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(".git")).unwrap();
        let place = look(&folder.path().join("new/annals.db"), true);
        assert!(!place.folder_exists && place.flush.is_none());
        assert_eq!(place.repository, fs::canonicalize(folder.path()).ok());
        assert!(!folder.path().join("new").exists());
    }
}
