//! The command line. One file a command: its arguments, its help and what it does.

mod close;
mod context;
mod emit;
mod heartbeat;
mod import;
mod input;
mod instances;
mod mcp;
mod output;
mod progress;
mod query;
mod register;
mod replay;
mod serve;
mod show;
mod tail;
mod times;
mod types;
mod verify;

use clap::{Parser, Subcommand};

use crate::domain::error::{Class, Error, Result};
use context::Context;

/// The event store for AI coding agents: record, query and replay what every agent did.
///
/// Data goes to standard output, everything else to standard error. Exit codes: 0 done, 1 failed,
/// 2 usage, 3 not found or ambiguous, 4 conflict, 5 invalid input, 6 store unavailable.
#[derive(Debug, Parser)]
#[command(name = "annals", version, propagate_version = true, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    context: Context,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Serve),
    Mcp(mcp::Mcp),
    Register(register::Register),
    Heartbeat(heartbeat::Heartbeat),
    Emit(emit::Emit),
    Query(query::Query),
    Replay(replay::Replay),
    Tail(tail::Tail),
    Types(types::Types),
    Instances(instances::Instances),
    Show(show::Show),
    Close(close::Close),
    Verify(verify::Verify),
    #[command(subcommand)]
    Import(import::Import),
}

impl Command {
    async fn run(self, context: &Context) -> Result<u8> {
        match self {
            Self::Serve(command) => command.run(context).await,
            Self::Mcp(command) => command.run(context).await,
            Self::Register(command) => command.run(context).await,
            Self::Heartbeat(command) => command.run(context).await,
            Self::Emit(command) => command.run(context).await,
            Self::Query(command) => command.run(context).await,
            Self::Replay(command) => command.run(context).await,
            Self::Tail(command) => command.run(context).await,
            Self::Types(command) => command.run(context).await,
            Self::Instances(command) => command.run(context).await,
            Self::Show(command) => command.run(context).await,
            Self::Close(command) => command.run(context).await,
            Self::Verify(command) => return command.run(context).await,
            Self::Import(command) => command.run(context).await,
        }
        .map(|()| 0)
    }
}

/// Runs the command that the process was started with; gives its exit code.
pub async fn run() -> u8 {
    let cli = Cli::parse();
    let json = cli.context.json;
    match cli.command.run(&cli.context).await {
        Ok(code) => code,
        Err(error) => {
            output::refusal(&error, json);
            exit_code(&error)
        }
    }
}

fn exit_code(error: &Error) -> u8 {
    match error.code.class() {
        Class::Failed => 1,
        Class::NotFound => 3,
        Class::Conflict => 4,
        Class::Invalid => 5,
        Class::Unavailable => 6,
    }
}
