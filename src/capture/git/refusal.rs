//! Why a repository cannot be read.

use std::borrow::Cow;
use std::fmt;
use std::path::Path;

use crate::domain::error::{Code, Error};

/// `invalid_input` about the path that was given.
pub(super) fn path(path: &Path, what: &str, hint: impl Into<Cow<'static, str>>) -> Error {
    Error::new(Code::InvalidInput, format!("path {} {what}", path.display()), hint).at("path")
}

/// `invalid_input` about the branch that was given, or about `HEAD` where none was.
pub(super) fn branch(message: String, branches: &[String]) -> Error {
    let hint = match branches {
        [] => "the repository has no branches; make a commit on one".to_owned(),
        some => format!("name one of its branches: {}", some.join(", ")),
    };
    Error::new(Code::InvalidInput, message, hint).at("branch")
}

/// An error of the library with all its causes.
pub(super) fn causes(error: &gix::Error) -> String {
    let mut causes: Vec<String> = Vec::new();
    for cause in error.iter_errors().map(ToString::to_string) {
        if !causes.contains(&cause) {
            causes.push(cause);
        }
    }
    causes.join(": ")
}

/// `invalid_input` about an object that is missing or damaged.
pub(super) fn object(id: gix::ObjectId, role: &str, cause: impl fmt::Display) -> Error {
    Error::new(
        Code::InvalidInput,
        format!("{role} {id} of the repository cannot be read: {cause}"),
        "run `git fsck` in the repository; a partial clone lacks objects until \
         `git fetch --refetch --no-filter` gets them",
    )
    .with("object", id.to_string())
}

/// `invalid_input` about the repository as a whole.
pub(super) fn repository(what: &str, cause: impl fmt::Display) -> Error {
    Error::new(
        Code::InvalidInput,
        format!("{what} of the repository cannot be read: {cause}"),
        "check with `git status` and `git fsck` in the repository that git itself can read it, \
         and that its files may be read by you",
    )
}
