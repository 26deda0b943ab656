//! A git repository: what it is called, which instance it is, and its branches.

use std::collections::HashSet;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use gix::ObjectId;
use gix::discover::upwards;
use gix::sec::Trust;
use gix::sec::trust::Mapping;

use super::history::History;
use super::walk::{Walk, walk};
use super::{branch, identity, project, refusal};
use crate::domain::error::Result;
use crate::domain::ids::InstanceId;

/// An open repository. Only ever read.
pub struct Repository {
    git: gix::ThreadSafeRepository,
    project: String,
    branch: String,
    boundary: HashSet<ObjectId>,
    /// The commits whose oldest root is the identity of the repository.
    trunk: Vec<ObjectId>,
    trunk_walk: OnceLock<Arc<Walk>>,
}

impl fmt::Debug for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Repository")
            .field("git_dir", &self.git.path())
            .field("project", &self.project)
            .field("branch", &self.branch)
            .field("shallow", &self.shallow())
            .finish_non_exhaustive()
    }
}

impl Repository {
    /// Opens the repository that `path` is or lies in, as git finds it: a work tree, a linked work
    /// tree, a bare repository, a submodule, or a folder inside one of them. Environment variables
    /// such as `GIT_DIR` and configuration outside the repository play no part.
    ///
    /// # Errors
    ///
    /// `invalid_input` if the path does not exist or is no folder, if there is no repository, if
    /// it has no commits, or if it cannot be read.
    pub fn open(path: &Path) -> Result<Self> {
        let git = discover(path)?;
        let local = git.to_thread_local();
        if stores_references_in_tables(&local) {
            let hint = "import a clone that is made with `git clone --ref-format=files`";
            return Err(refusal::path(path, "keeps its references in the reftable format", hint));
        }
        let unreadable = |error| refusal::repository("the state", refusal::causes(&error));
        let head = local.head_name().map_err(unreadable)?;
        let branch = head.map_or_else(|| "HEAD".to_owned(), |name| name.shorten().to_string());
        let boundary = local.shallow_commits().map_err(unreadable)?;
        let boundary = boundary.iter().flat_map(|commits| commits.iter().copied()).collect();
        let trunk = branch::trunk(&local)?;
        if trunk.is_empty() {
            let hint = "make a first commit, or fetch a branch, then import";
            return Err(refusal::path(path, "is a git repository without commits", hint));
        }
        let project = project::name(&local);
        Ok(Self { git, project, branch, boundary, trunk, trunk_walk: OnceLock::new() })
    }

    /// The name of the main work tree's folder, or of the bare repository without `.git`, made to
    /// fit the rules for names: ASCII letters, digits, `.`, `_` and `-`, at most 64, starting with
    /// a letter or digit.
    pub fn project(&self) -> &str {
        &self.project
    }

    /// The branch that is checked out, `HEAD` when none is.
    pub fn branch(&self) -> &str {
        &self.branch
    }

    /// Whether this is a shallow clone, which lacks the beginning of the history.
    pub fn shallow(&self) -> bool {
        !self.boundary.is_empty()
    }

    /// The instance that stands for this repository. It is made from the oldest root commit of
    /// the default branch (`origin/HEAD`, else `HEAD`, else all branches), so that every clone is
    /// the same instance, except that a shallow clone, which lacks that commit, is another one.
    ///
    /// Walks the history the first time.
    ///
    /// # Errors
    ///
    /// `invalid_input` naming a commit that is missing or damaged.
    pub fn instance_id(&self) -> Result<InstanceId> {
        let (root, seconds) = self.trunk_walk()?.root;
        Ok(identity::instance_id(&root, seconds))
    }

    /// The history of `branch`, or of `HEAD`: walked, but with no commit read for its event yet.
    /// A branch is named as git shows it (`main`, `origin/main`) or in full (`refs/heads/main`).
    ///
    /// # Errors
    ///
    /// `invalid_input` if there is no such branch, or it has no commit, naming the branches that
    /// there are; or if a commit is missing or damaged.
    pub fn history(&self, branch: Option<&str>) -> Result<History> {
        let local = self.git.to_thread_local();
        let (name, tip) = match branch {
            Some(name) if name != "HEAD" => branch::find(&local, name)?,
            _ => (self.branch.clone(), branch::head(&local, &self.branch)?),
        };
        let instance_id = self.instance_id()?;
        let walk = match self.trunk.as_slice() {
            [trunk] if *trunk == tip => self.trunk_walk()?,
            _ => Arc::new(self.walk(&[tip])?),
        };
        Ok(History::new(self.git.clone(), instance_id, name, walk))
    }

    fn trunk_walk(&self) -> Result<Arc<Walk>> {
        if let Some(walk) = self.trunk_walk.get() {
            return Ok(Arc::clone(walk));
        }
        let walk = Arc::new(self.walk(&self.trunk)?);
        Ok(Arc::clone(self.trunk_walk.get_or_init(|| walk)))
    }

    fn walk(&self, tips: &[ObjectId]) -> Result<Walk> {
        walk(&self.git.to_thread_local().objects, tips, &self.boundary)
    }
}

/// Whether the references are in a format that the library does not read.
fn stores_references_in_tables(local: &gix::Repository) -> bool {
    let format = local.config_snapshot().string("extensions.refStorage");
    format.is_some_and(|format| format.eq_ignore_ascii_case(b"reftable"))
}

fn discover(path: &Path) -> Result<gix::ThreadSafeRepository> {
    let metadata = path.metadata().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            refusal::path(path, "does not exist", "name the folder of a git repository")
        }
        _ => refusal::path(path, &format!("cannot be read: {error}"), "check its permissions"),
    })?;
    if !metadata.is_dir() {
        return Err(refusal::path(path, "is not a folder", "name the folder of a git repository"));
    }
    // No program is run and nothing is written, whatever the repository's configuration says, so
    // that its owner does not matter. Neither does anything outside of it.
    let trust = upwards::TrustPolicy::Assume(Trust::Full);
    let search = upwards::Options { trust, ..Default::default() };
    // A cache of whole objects beside that of delta bases was found to gain nothing.
    let options = gix::open::Options::isolated()
        .config_overrides(["core.useReplaceRefs=false", "core.deltaBaseCacheLimit=32m"]);
    let options = Mapping { full: options.clone(), reduced: options };
    gix::ThreadSafeRepository::discover_opts(path, search, options).map_err(|error| {
        if error.downcast_any_ref::<upwards::Error>().is_some() {
            let what = "is no git repository, and is in none";
            return refusal::path(path, what, "name a folder of a repository, or run `git init`");
        }
        refusal::repository("the configuration", refusal::causes(&error))
    })
}
