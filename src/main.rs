//! The `annals` program; see [`annals::cli`].

fn main() -> std::process::ExitCode {
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
