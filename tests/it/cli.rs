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
mod lines;
mod people;
mod serve;
mod store;
mod tail;
mod terminal;
mod times;
mod types;
