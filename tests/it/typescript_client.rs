//! The official MCP clients for TypeScript drive the real program. What they check stands in
//! `tests/clients/typescript`: `client` is the newest, `sdk` the older one, which knows the protocol
//! only up to 2025-11-25 and holds refusals to the output schemas too.

use crate::cli_program::Home;
use crate::mcp_schemas::NAMES;
use crate::node;

fn run(scenario: &str, library: &str, transport: &str, era: &str) {
    let home = Home::new();
    let output = node::source(&home, scenario)
        .args([env!("CARGO_BIN_EXE_annals"), library, transport, era])
        .env("ANNALS_TEST_TOOLS", NAMES.join(","))
        .output()
        .unwrap();
    assert!(output.status.success(), "{scenario}: {}", node::printed(&output));
}

/// A test for each line.
macro_rules! scenarios {
    ($($test:ident: $scenario:literal $library:literal $transport:literal $era:literal;)*) => {$(
        #[test]
        fn $test() {
            run($scenario, $library, $transport, $era);
        }
    )*};
}

scenarios! {
    lifecycle_over_stdio_with_2026_07_28: "lifecycle.mjs" "client" "stdio" "modern";
    lifecycle_over_stdio_with_2025_11_25: "lifecycle.mjs" "client" "stdio" "legacy";
    lifecycle_over_http_with_2026_07_28: "lifecycle.mjs" "client" "http" "modern";
    lifecycle_over_http_with_2025_11_25: "lifecycle.mjs" "client" "http" "legacy";
    lifecycle_of_the_older_client_over_stdio: "lifecycle.mjs" "sdk" "stdio" "legacy";
    lifecycle_of_the_older_client_over_http: "lifecycle.mjs" "sdk" "http" "legacy";

    resources_and_updates_over_stdio_with_2026_07_28: "resources.mjs" "client" "stdio" "modern";
    resources_and_updates_over_stdio_with_2025_11_25: "resources.mjs" "client" "stdio" "legacy";
    resources_and_updates_over_http_with_2026_07_28: "resources.mjs" "client" "http" "modern";
    resources_over_http_with_2025_11_25: "resources.mjs" "client" "http" "legacy";
    resources_and_updates_of_the_older_client_over_stdio: "resources.mjs" "sdk" "stdio" "legacy";
    resources_of_the_older_client_over_http: "resources.mjs" "sdk" "http" "legacy";

    restart_over_stdio_with_2026_07_28: "restart.mjs" "client" "stdio" "modern";
    restart_over_stdio_with_2025_11_25: "restart.mjs" "client" "stdio" "legacy";
    restart_over_http_with_2026_07_28: "restart.mjs" "client" "http" "modern";
    restart_over_http_with_2025_11_25: "restart.mjs" "client" "http" "legacy";
    restart_of_the_older_client_over_stdio: "restart.mjs" "sdk" "stdio" "legacy";
    restart_of_the_older_client_over_http: "restart.mjs" "sdk" "http" "legacy";
}
