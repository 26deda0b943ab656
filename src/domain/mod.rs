//! The words of Annals as plain data: no I/O, no async, no clock.

pub mod catalogue;
pub mod error;
pub mod event;
pub mod ids;
pub mod instance;
pub mod json;
pub mod keyword;
pub mod limits;
pub mod path;
pub mod shown;
pub mod time;
pub mod value_condition;
