//! What `annals --version` tells.

use std::sync::LazyLock;

use crate::store;

static LONG: LazyLock<String> = LazyLock::new(|| {
    let build = if cfg!(debug_assertions) { "debug" } else { "release" };
    let (system, machine) = (std::env::consts::OS, std::env::consts::ARCH);
    format!(
        "{}\nbuild     {build}, {system} {machine}\nstore     {}\nMCP       2026-07-28, 2025-11-25 and before",
        env!("CARGO_PKG_VERSION"),
        store::engine(),
    )
});

/// The version with the facts of this build.
pub fn long() -> &'static str {
    LONG.as_str()
}
