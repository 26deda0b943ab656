//! The command line. One file a command: its arguments, its help and what it does.

mod close;
mod completions;
mod config;
mod context;
mod demo;
mod doctor;
mod emit;
mod events;
mod export;
mod first_steps;
mod format;
mod heartbeat;
mod import;
mod input;
mod instances;
mod logging;
mod man;
mod mcp;
mod output;
mod progress;
mod query;
mod redact;
mod refusal;
mod register;
mod replay;
mod serve;
mod settings;
mod show;
mod summary;
mod table;
mod tail;
mod times;
mod types;
mod usage;
mod verify;
mod version;
mod wrap;

use clap::{Parser, Subcommand};

use crate::domain::error::{Class, Error, Result};
use context::Options;

/// The event store for AI coding agents: record, query and replay what every agent did
#[derive(Debug, Parser)]
#[command(name = "annals", version, long_version = version::long(), max_term_width = 100, after_help = START)]
struct Cli {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Command,
}

const START: &str = "\
Start with one of:
  annals demo              what it is about, on one screen
  annals serve             agents record over MCP; prints how to connect one
  annals import git .      the history of a repository becomes events
  annals register -p odin  prints the handle of a new instance, for:

  annals emit HANDLE epic_started '{\"epic_id\": \"epic-001\"}'
  annals query HANDLE

Data goes to standard output, everything else to standard error.
Exit codes: 0 done, 1 failed, 2 usage, 3 not found or ambiguous, 4 conflict,
5 invalid input, 6 store unavailable.";

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
    Redact(redact::Redact),
    Export(export::Export),
    #[command(subcommand)]
    Import(import::Import),
    Demo(demo::Demo),
    Doctor(doctor::Doctor),
    Config(config::Config),
    Completions(completions::Completions),
    Man(man::Man),
}

impl Command {
    /// Runs the command; gives the exit code.
    async fn run(self, options: &Options) -> Result<u8> {
        let context = || options.context();
        match self {
            // These work where the configuration is at fault, too.
            Self::Completions(command) => command.run(),
            Self::Man(command) => command.run(),
            Self::Config(command) => command.run(options),
            Self::Demo(command) => command.run(options).await,
            Self::Doctor(command) => return command.run(options).await,
            Self::Verify(command) => return command.run(&context()?).await,
            Self::Serve(command) => command.run(context()?).await,
            Self::Mcp(command) => command.run(&context()?).await,
            Self::Register(command) => command.run(&context()?).await,
            Self::Heartbeat(command) => command.run(&context()?).await,
            Self::Emit(command) => command.run(&context()?).await,
            Self::Query(command) => command.run(&context()?).await,
            Self::Replay(command) => command.run(&context()?).await,
            Self::Tail(command) => command.run(&context()?).await,
            Self::Types(command) => command.run(&context()?).await,
            Self::Instances(command) => command.run(&context()?).await,
            Self::Show(command) => command.run(&context()?).await,
            Self::Close(command) => command.run(&context()?).await,
            Self::Redact(command) => command.run(&context()?),
            Self::Export(command) => command.run(&context()?).await,
            Self::Import(command) => return command.run(&context()?).await,
        }
        .map(|()| 0)
    }
}

/// The whole command line, as data.
fn definition() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}

/// Runs the command that the process was started with; gives its exit code.
pub async fn run() -> u8 {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage::explain(&error, std::env::args_os()),
    };
    let json = cli.options.json;
    let code = match cli.command.run(&cli.options).await {
        Ok(code) => code,
        Err(error) => {
            refusal::print(&error, json);
            exit_code(&error)
        }
    };
    match output::fault() {
        Some(fault) if code == 0 => {
            output::say(&format!("error: the answer could not be printed: {fault}"));
            exit_code_of(Class::Failed)
        }
        _ => code,
    }
}

fn exit_code(error: &Error) -> u8 {
    exit_code_of(error.code.class())
}

fn exit_code_of(class: Class) -> u8 {
    match class {
        Class::Failed => 1,
        Class::NotFound => 3,
        Class::Conflict => 4,
        Class::Invalid => 5,
        Class::Unavailable => 6,
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_contradict_nowhere() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_shows_an_example() {
        for command in Cli::command().get_subcommands().filter(|command| !command.has_subcommands())
        {
            let help = command.clone().render_help().to_string();
            assert!(help.contains(&format!("annals {}", command.get_name())), "{help}");
        }
    }

    #[test]
    fn help_has_one_form_however_it_is_asked_for() {
        let help = |command: &str, flag: &str| {
            let words = ["annals"].into_iter().chain(command.split_whitespace()).chain([flag]);
            Cli::try_parse_from(words).unwrap_err().render().to_string()
        };
        let names = Cli::command();
        let names = names.get_subcommands().map(clap::Command::get_name);
        for command in names.chain(["", "import git", "import jsonl"]) {
            assert_eq!(help(command, "--help"), help(command, "-h"), "{command}");
        }
    }

    #[test]
    fn examples_fit_the_narrowest_usual_terminal() {
        fn check(command: &clap::Command) {
            let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            for line in after.lines() {
                assert!(line.chars().count() < 80, "{}: {line}", command.get_name());
            }
            command.get_subcommands().for_each(check);
        }
        check(&Cli::command());
    }
}
