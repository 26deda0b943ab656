//! The command line, command by command, through the program itself.

mod answers;
mod archive;
mod config;
mod demo;
mod doctor;
mod exit_codes;
mod formats;
pub mod import;
mod input;
mod interrupted;
mod lifecycle;
mod lines;
mod people;
mod serve;
mod store;
mod tail;
mod terminal;
mod times;
#[cfg(target_os = "linux")]
mod tmux;
mod types;
mod version;
