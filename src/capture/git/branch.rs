//! The branches of a repository, and the commits that they point to.

use gix::ObjectId;

use super::refusal;
use crate::domain::error::Result;

/// Branches that an error names at most.
const NAMED_BRANCHES: usize = 10;

/// The commits that the identity of a repository is found from: the default branch of the remote
/// it was cloned from, else what is checked out, else all branches. None if it has no commits.
pub(super) fn trunk(repository: &gix::Repository) -> Result<Vec<ObjectId>> {
    for name in ["refs/remotes/origin/HEAD", "HEAD"] {
        if let Some(tip) = tip(repository, name)? {
            return Ok(vec![tip]);
        }
    }
    let tips = names(repository)?.into_iter().map(|name| tip(repository, &name));
    tips.filter_map(Result::transpose).collect()
}

/// The commit that is checked out, on a branch called `branch`.
///
/// # Errors
///
/// `invalid_input` if the branch has no commit.
pub(super) fn head(repository: &gix::Repository, branch: &str) -> Result<ObjectId> {
    match tip(repository, "HEAD")? {
        Some(tip) => Ok(tip),
        None => {
            let message = format!("HEAD names the branch {branch:?}, which has no commits");
            Err(refusal::branch(message, &nearest(repository, branch)?))
        }
    }
}

/// The short name and the commit of the branch called `name`: in full (`refs/heads/main`), or as
/// a local branch, a remote one with its remote's name, or a remote one of `origin`, in this order.
///
/// # Errors
///
/// `invalid_input` if there is no such branch.
pub(super) fn find(repository: &gix::Repository, name: &str) -> Result<(String, ObjectId)> {
    let places = match name.starts_with("refs/") {
        true => vec![name.to_owned()],
        false => ["refs/heads/", "refs/remotes/", "refs/remotes/origin/"]
            .map(|place| format!("{place}{name}"))
            .to_vec(),
    };
    for place in places {
        if let Some(tip) = tip(repository, &place)? {
            return Ok((short(name).to_owned(), tip));
        }
    }
    let message = format!("branch {name:?} is not in the repository");
    Err(refusal::branch(message, &nearest(repository, name)?))
}

/// The commit that a reference points to; `None` if there is no such reference, or if it points
/// to a branch without commits.
fn tip(repository: &gix::Repository, name: &str) -> Result<Option<ObjectId>> {
    let unreadable = |error: gix::Error| {
        refusal::repository(&format!("reference {name}"), refusal::causes(&error))
    };
    let Ok(name) = <&gix::refs::FullNameRef>::try_from(name) else { return Ok(None) };
    let Some(mut reference) = repository.try_find_reference(name).map_err(unreadable)? else {
        return Ok(None);
    };
    match reference.peel_to_commit() {
        Ok(commit) => Ok(Some(commit.id)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(unreadable(error)),
    }
}

/// The full names of all local and remote branches.
fn names(repository: &gix::Repository) -> Result<Vec<String>> {
    let unreadable =
        |error: gix::Error| refusal::repository("the list of branches", refusal::causes(&error));
    let all = repository.references().map_err(unreadable)?;
    let mut names = Vec::new();
    for prefix in ["refs/heads/", "refs/remotes/"] {
        for reference in all.prefixed(prefix).map_err(unreadable)? {
            let reference = reference.map_err(unreadable)?;
            names.push(reference.name().as_bstr().to_string());
        }
    }
    Ok(names)
}

/// The short names of the branches whose names are most like `name`.
fn nearest(repository: &gix::Repository, name: &str) -> Result<Vec<String>> {
    let mut names = names(repository)?;
    names.retain(|name| !name.ends_with("/HEAD"));
    let mut names: Vec<String> = names.iter().map(|name| short(name).to_owned()).collect();
    let likeness = |other: &String| strsim::jaro_winkler(name, other);
    names.sort_by(|a, b| likeness(b).total_cmp(&likeness(a)).then_with(|| a.cmp(b)));
    names.truncate(NAMED_BRANCHES);
    Ok(names)
}

fn short(name: &str) -> &str {
    let local = name.strip_prefix("refs/heads/");
    local.or_else(|| name.strip_prefix("refs/remotes/")).unwrap_or(name)
}
