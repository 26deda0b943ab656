//! The backends, each held to every rule of the conformance suite.

use super::conformance::conformance_tests;

pub mod postgres;
mod sqlite;

/// The embedded store.
mod embedded {
    super::conformance_tests!(crate::backends::sqlite::SqlitePlace::fresh);
}

/// The team store.
mod team {
    super::conformance_tests!(crate::backends::postgres::PostgresPlace::fresh);
}
