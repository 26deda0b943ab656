//! The `annals` program; see [`annals::cli`].

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// What is logged when nothing else is asked for. rmcp warns of each error that a client was answered,
/// and calls it an error when a listener hangs up; neither is news.
const LOGGED: &str = "warn,rmcp::service=off";

fn main() -> std::process::ExitCode {
    let filter = EnvFilter::try_from_env("ANNALS_LOG").unwrap_or_else(|_| EnvFilter::new(LOGGED));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: the runtime did not start: {error}");
            return std::process::ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(annals::cli::run());
    // A read of standard input that nobody waits for any more would keep the process alive.
    std::process::exit(code.into())
}
