//! `annals man`

mod roff;

use std::path::PathBuf;

use clap::Args;
use clap_mangen::Man as Page;

use super::settings::{FILE_VARIABLE, SETTINGS};
use super::{definition, output};
use crate::domain::error::{Code, Error, Result};

/// Print the manual page of a command, or write all pages into a folder
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Man {
    /// The command [default: annals itself]
    command: Vec<String>,
    /// Write annals.1, annals-emit.1 and so on into this folder
    #[arg(long, short, value_name = "FOLDER", conflicts_with = "command")]
    out: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  annals man emit | man -l -
  annals man types add | man -l -
  annals man --out ~/.local/share/man/man1     then: man annals-emit";

impl Man {
    pub fn run(self) -> Result<()> {
        let root = prepared();
        let Some(folder) = self.out else {
            let mut command = &root;
            for word in &self.command {
                command = command.find_subcommand(word).ok_or_else(|| unknown(&self.command))?;
            }
            output::data(&page(command).map_err(|error| unwritten(&error))?);
            return Ok(());
        };
        std::fs::create_dir_all(&folder).map_err(|error| unwritten(&error))?;
        let pages = with_subcommands(&root);
        for command in &pages {
            let path = folder.join(format!("{}.1", name(command)));
            let written = page(command).and_then(|page| std::fs::write(path, page));
            written.map_err(|error| unwritten(&error))?;
        }
        let count = output::count(pages.len() as u64, "page");
        output::note(&format!("{count} in {}", folder.display()));
        Ok(())
    }
}

/// The command line with every name filled in.
fn prepared() -> clap::Command {
    let mut root = definition().disable_help_subcommand(true).subcommand_help_heading("COMMANDS");
    root.build();
    root
}

/// A command and all below it.
fn with_subcommands(command: &clap::Command) -> Vec<&clap::Command> {
    let below = command.get_subcommands().flat_map(with_subcommands);
    std::iter::once(command).chain(below).collect()
}

/// The name of the page, `annals-types-add`.
fn name(command: &clap::Command) -> &str {
    command.get_display_name().unwrap_or_else(|| command.get_name())
}

fn page(command: &clap::Command) -> std::io::Result<String> {
    let version = concat!("annals ", env!("CARGO_PKG_VERSION"));
    let page = Page::new(command.clone()).source(version).manual("Annals");
    let mut text = Vec::new();
    page.render_title(&mut text)?;
    page.render_name_section(&mut text)?;
    page.render_synopsis_section(&mut text)?;
    page.render_description_section(&mut text)?;
    page.render_options_section(&mut text)?;
    if command.has_subcommands() {
        page.render_subcommands_section(&mut text)?;
    }
    let mut text = String::from_utf8_lossy(&text).into_owned();
    let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    text.push_str(&roff::sections(&after));
    if name(command) == "annals" {
        text.push_str(&roff::section("ENVIRONMENT", &environment()));
        text.push_str(&roff::section("FILES", &files()));
    } else {
        text.push_str(&roff::section("SEE ALSO", &[("annals(1)".into(), String::new())]));
    }
    Ok(text)
}

fn environment() -> Vec<(String, String)> {
    let variables = SETTINGS.iter().filter_map(|setting| {
        Some((setting.variable?.to_owned(), setting.description.replace('`', "")))
    });
    let file = (FILE_VARIABLE.to_owned(), "The configuration file".to_owned());
    variables.chain([file]).collect()
}

fn files() -> Vec<(String, String)> {
    [
        ("~/.config/annals/config.toml", "The configuration file, where there is one"),
        ("~/.local/share/annals/annals.db", "The store, unless another one is named"),
    ]
    .map(|(path, what)| (path.to_owned(), what.to_owned()))
    .to_vec()
}

fn unknown(words: &[String]) -> Error {
    Error::new(
        Code::InvalidArgument,
        format!("there is no command annals {}", words.join(" ")),
        "`annals --help` shows the commands",
    )
    .at("command")
}

fn unwritten(error: &std::io::Error) -> Error {
    Error::new(
        Code::InvalidInput,
        format!("the pages cannot be written: {error}"),
        "name a folder that this user may write to",
    )
    .at("out")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page_with_all_that_its_help_says() {
        let root = prepared();
        let pages = with_subcommands(&root);
        let names: Vec<&str> = pages.iter().map(|command| name(command)).collect();
        for expected in ["annals", "annals-emit", "annals-types-add", "annals-import-git"] {
            assert!(names.contains(&expected), "{names:?}");
        }
        assert!(!names.iter().any(|name| name.ends_with("-help")), "{names:?}");
        for command in pages {
            let (name, text) = (name(command), page(command).unwrap());
            let title = format!(".TH {name} 1  \"annals {}\" Annals\n", env!("CARGO_PKG_VERSION"));
            assert!(text.contains(&title), "{name}: {text}");
            for part in [".SH NAME\n", ".SH SYNOPSIS\n", ".SH \"OPTIONS OF EVERY COMMAND\"\n"] {
                assert!(text.contains(part), "{name}: {part}");
            }
            let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert_eq!(text.contains(".SH EXAMPLES\n"), after.contains("Example"), "{name}");
            for line in after.lines().filter(|line| line.starts_with("  ")) {
                assert!(text.contains(&roff::escaped(line)), "{name}: {line}");
            }
        }
    }

    #[test]
    fn the_main_page_tells_every_variable() {
        let text = page(&prepared()).unwrap();
        for setting in SETTINGS {
            let variable = setting.variable.unwrap_or(FILE_VARIABLE);
            assert!(text.contains(&format!("\n.TP\n\\fB{variable}\\fR\n")), "{variable}");
        }
    }
}
