//! Folding the events of an instance, in order, into its work state. Pure.

mod fold;
mod state;

#[cfg(test)]
mod tests;

pub use fold::fold;
pub use state::{Dated, State};
