//! The rules that make a record trustworthy, as pure functions: how an append is decided, how an
//! event is hashed, how a chain of events is verified, and which row of the registry it adds up to.

mod decide;
mod hash;
mod projection;
mod recognise;
mod restore;
mod verify;

#[cfg(test)]
mod tests;

pub use decide::{Decided, Facts, Outcome, decide, type_changed};
pub use hash::{FORMAT_VERSION, event_hash};
pub use projection::Projection;
pub use recognise::{Known, Recognition};
pub use restore::{Restoring, follows, id_taken, restore, unregistered};
pub use verify::{Chain, Fault, FaultKind};
