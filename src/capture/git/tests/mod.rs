//! The reader against repositories that the git program makes, and against what it says of them.

mod fixture;
mod generated;
mod history;
mod repository;
mod stats;
