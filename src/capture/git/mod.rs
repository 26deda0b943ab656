//! The history of a git repository as events: its commits, and the pull requests that they merged.
//!
//! Reading is a function of the commits alone. No configuration, attribute file, mail map or
//! replacement reference of one clone has a say, so that the same commit gives the same event
//! wherever it is read. Nothing is written to the repository, and the git program is not used.

mod branch;
mod commit;
mod event;
mod history;
mod identity;
mod project;
mod pull_request;
mod read;
mod refusal;
mod repository;
mod stats;
mod text;
mod walk;

#[cfg(test)]
mod tests;

pub use event::GitEvent;
pub use history::{Events, History};
pub use repository::Repository;
