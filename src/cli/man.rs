//! `annals man`

use std::path::PathBuf;

use clap::Args;
use clap_mangen::Man as Page;

use super::{definition, output};
use crate::domain::error::{Code, Error, Result};

/// Print the manual page, or write all pages into a folder
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Man {
    /// The folder to write annals.1, annals-emit.1 and so on to
    #[arg(value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  annals man | man -l -
  annals man ~/.local/share/man/man1";

impl Man {
    pub fn run(self) -> Result<()> {
        let Some(folder) = self.folder else {
            let mut page = Vec::new();
            Page::new(definition()).render(&mut page).map_err(|error| unwritten(&error))?;
            output::data(&String::from_utf8_lossy(&page));
            return Ok(());
        };
        std::fs::create_dir_all(&folder).map_err(|error| unwritten(&error))?;
        clap_mangen::generate_to(definition(), &folder).map_err(|error| unwritten(&error))?;
        output::note(&format!("the pages are in {}", folder.display()));
        Ok(())
    }
}

fn unwritten(error: &std::io::Error) -> Error {
    Error::new(
        Code::InvalidInput,
        format!("the pages cannot be written: {error}"),
        "name a folder that this user may write to",
    )
    .at("folder")
}
