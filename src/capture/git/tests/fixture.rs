//! Repositories made by the git program.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::super::{GitEvent, Repository};

/// A repository in a temporary folder of its own.
pub struct Fixture {
    folder: TempDir,
    pub path: PathBuf,
}

impl Fixture {
    /// An empty repository in a folder called `project`, with `init` further arguments.
    pub fn new(init: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("project");
        git(folder.path(), &[&["init", "-q", "-b", "main", "project"], init].concat());
        Self { folder, path }
    }

    /// A repository with these commits.
    pub fn of(script: &Script) -> Self {
        let fixture = Self::new(&[]);
        fixture.import(script);
        fixture
    }

    /// A clone called `name`, beside the repository.
    pub fn clone(&self, name: &str, arguments: &[&str]) -> PathBuf {
        let url = format!("file://{}", self.path.display());
        git(self.folder.path(), &[&["clone", "-q"], arguments, &[&url, name]].concat());
        self.folder.path().join(name)
    }

    /// The folder around the repository.
    pub fn outside(&self) -> &Path {
        self.folder.path()
    }

    /// Adds commits.
    pub fn import(&self, script: &Script) {
        git_with_input(&self.path, &["fast-import", "--quiet", "--force"], &script.bytes);
    }

    /// Runs git in the repository and returns what it prints, without the last line feed.
    pub fn git(&self, arguments: &[&str]) -> String {
        git(&self.path, arguments)
    }

    /// Writes an object as it stands.
    pub fn write_object(&self, kind: &str, object: &[u8]) -> String {
        let write = ["hash-object", "-t", kind, "-w", "--literally", "--stdin"];
        git_with_input(&self.path, &write, object)
    }

    /// Writes a commit object as it stands, and makes it the head of `main`.
    pub fn write_commit(&self, object: &[u8]) -> String {
        let hash = self.write_object("commit", object);
        self.git(&["update-ref", "refs/heads/main", &hash]);
        hash
    }

    /// Removes an object, packed or not.
    pub fn remove_object(&self, hash: &str) {
        self.unpack();
        let file = self.path.join(".git/objects").join(&hash[..2]).join(&hash[2..]);
        std::fs::remove_file(file).unwrap();
    }

    /// Removes all objects of a kind, packed or not.
    pub fn remove_objects(&self, kind: &str) {
        let check = "--batch-check=%(objecttype) %(objectname)";
        let objects = self.git(&["cat-file", "--batch-all-objects", check]);
        let hashes = objects.lines().filter_map(|line| line.strip_prefix(kind));
        hashes.for_each(|hash| self.remove_object(hash.trim()));
    }

    fn unpack(&self) {
        for file in std::fs::read_dir(self.path.join(".git/objects/pack")).unwrap() {
            let file = file.unwrap().path();
            if file.extension().is_some_and(|extension| extension == "pack") {
                // Git unpacks only what it does not have.
                let pack = self.folder.path().join("unpacking");
                std::fs::rename(&file, &pack).unwrap();
                std::fs::remove_file(file.with_extension("idx")).unwrap();
                let pack = std::fs::read(pack).unwrap();
                git_with_input(&self.path, &["unpack-objects", "-q"], &pack);
            }
        }
    }

    /// All events of the branch that is checked out.
    pub fn events(&self) -> Vec<GitEvent> {
        events(&self.path)
    }
}

/// All events of the branch that is checked out in the repository at `path`.
pub fn events(path: &Path) -> Vec<GitEvent> {
    let history = Repository::open(path).unwrap().history(None).unwrap();
    history.events(|_| false).map(Result::unwrap).collect()
}

/// A field of the payload as text.
pub fn text<'a>(event: &'a GitEvent, field: &str) -> &'a str {
    event.event_data.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// Runs git in a folder and returns what it prints, without the last line feed.
pub fn git(folder: &Path, arguments: &[&str]) -> String {
    git_with_input(folder, arguments, b"")
}

fn git_with_input(folder: &Path, arguments: &[&str], input: &[u8]) -> String {
    let mut command = Command::new("git");
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GIT_") {
            command.env_remove(name);
        }
    }
    command
        .args(["-c", "protocol.file.allow=always", "-c", "core.autocrlf=false"])
        .args(arguments)
        .current_dir(folder)
        .env("HOME", folder)
        .env("XDG_CONFIG_HOME", folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_AUTHOR_NAME", "A U Thor")
        .env("GIT_AUTHOR_EMAIL", "author@example.com")
        .env("GIT_COMMITTER_NAME", "C O Mitter")
        .env("GIT_COMMITTER_EMAIL", "committer@example.com")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("these tests need the git program");
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {complaint}");
    String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned()
}

/// Commits in the words of `git fast-import`.
#[derive(Default)]
pub struct Script {
    bytes: Vec<u8>,
    commits: u32,
}

/// A commit of a [`Script`].
#[derive(Clone, Copy)]
pub struct Commit<'a> {
    pub author: &'a [u8],
    pub committer: &'a [u8],
    pub encoding: Option<&'a str>,
    pub message: &'a [u8],
    /// The numbers of its parents, as [`Script::commit`] returned them.
    pub parents: &'a [u32],
    pub changes: &'a [Change<'a>],
}

impl Default for Commit<'_> {
    fn default() -> Self {
        Self {
            author: b"A U Thor <author@example.com> 1000000000 +0000",
            committer: b"C O Mitter <committer@example.com> 1000000000 +0000",
            encoding: None,
            message: b"message\n",
            parents: &[],
            changes: &[],
        }
    }
}

/// A change to the tree of a commit's first parent.
#[derive(Clone, Copy)]
pub enum Change<'a> {
    /// Write a file: its mode, such as `100644`, its path and its content.
    Write(&'a str, &'a [u8], &'a [u8]),
    /// Put the commit of a submodule at a path.
    Submodule(&'a [u8], &'a str),
    /// Remove a file or folder.
    Remove(&'a [u8]),
    /// Remove everything.
    RemoveAll,
}

impl Script {
    /// Adds a commit that becomes the head of `main`, and returns its number.
    pub fn commit(&mut self, commit: &Commit<'_>) -> u32 {
        self.commits += 1;
        // Without a parent a commit would follow the one before it on its branch.
        self.line(&[b"reset refs/heads/main"]);
        self.line(&[b"commit refs/heads/main"]);
        self.line(&[b"mark :", self.commits.to_string().as_bytes()]);
        self.line(&[b"author ", commit.author]);
        self.line(&[b"committer ", commit.committer]);
        if let Some(encoding) = commit.encoding {
            self.line(&[b"encoding ", encoding.as_bytes()]);
        }
        self.data(commit.message);
        for (place, parent) in commit.parents.iter().enumerate() {
            let word: &[u8] = if place == 0 { b"from :" } else { b"merge :" };
            self.line(&[word, parent.to_string().as_bytes()]);
        }
        for change in commit.changes {
            self.change(change);
        }
        self.line(&[]);
        self.commits
    }

    /// A commit of this time and these parents, with a message of its own.
    pub fn commit_at(&mut self, seconds: i64, parents: &[u32]) -> u32 {
        let committer = format!("C O Mitter <committer@example.com> {seconds} +0000");
        let message = format!("commit {}\n", self.commits + 1);
        let content = message.clone();
        self.commit(&Commit {
            committer: committer.as_bytes(),
            message: message.as_bytes(),
            parents,
            changes: &[Change::Write("100644", content.trim_end().as_bytes(), b"x\n")],
            ..Commit::default()
        })
    }

    /// Makes a branch of a commit.
    pub fn branch(&mut self, name: &str, commit: u32) {
        self.line(&[b"reset refs/heads/", name.as_bytes()]);
        self.line(&[b"from :", commit.to_string().as_bytes()]);
        self.line(&[]);
    }

    fn change(&mut self, change: &Change<'_>) {
        match change {
            Change::Write(mode, path, content) => {
                self.line(&[b"M ", mode.as_bytes(), b" inline ", path]);
                self.data(content);
            }
            Change::Submodule(path, commit) => {
                self.line(&[b"M 160000 ", commit.as_bytes(), b" ", path]);
            }
            Change::Remove(path) => self.line(&[b"D ", path]),
            Change::RemoveAll => self.line(&[b"deleteall"]),
        }
    }

    fn data(&mut self, data: &[u8]) {
        self.line(&[b"data ", data.len().to_string().as_bytes()]);
        self.line(&[data]);
    }

    fn line(&mut self, parts: &[&[u8]]) {
        parts.iter().for_each(|part| self.bytes.extend_from_slice(part));
        self.bytes.push(b'\n');
    }
}
