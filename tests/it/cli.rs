//! The command line, command by command, through the program itself.

mod import;
mod types;
