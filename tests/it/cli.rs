//! The command line, command by command, through the program itself.

mod answers;
mod exit_codes;
mod import;
mod input;
mod people;
mod serve;
mod store;
mod terminal;
mod times;
mod types;
