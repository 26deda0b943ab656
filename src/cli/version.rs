//! What `annals --version` tells.

use std::sync::LazyLock;

use crate::store;

static LONG: LazyLock<String> = LazyLock::new(|| {
    format!(
        "{}\ncommit    {}\nbuild     {}, {}\nstore     {}\nMCP       2026-07-28, 2025-11-25 and before",
        env!("CARGO_PKG_VERSION"),
        env!("ANNALS_COMMIT"),
        env!("ANNALS_PROFILE"),
        env!("ANNALS_TARGET"),
        store::engine(),
    )
});

/// The version with the facts of this build.
pub fn long() -> &'static str {
    LONG.as_str()
}
