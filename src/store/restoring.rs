//! Events of another store, to be stored as they are.

use crate::domain::error::Result;
use crate::domain::event::Event;
use crate::domain::ids::StoreId;
use crate::domain::instance::Registration;
use crate::integrity::Restoring;

/// Events of another store, to be stored as they are: same ids, numbers, times, salts and hashes.
#[derive(Clone, Debug)]
pub struct RestoreRequest {
    /// The events of whatever instances; those of one instance in their order.
    pub events: Vec<RestoreEvent>,
    /// Store nothing beyond the first event that is refused. Otherwise a refused event leaves its
    /// neighbours alone.
    pub ends_at_refusal: bool,
}

/// One event of a [`RestoreRequest`].
#[derive(Clone, Debug)]
pub struct RestoreEvent {
    /// The store in which the instance was registered.
    pub origin: StoreId,
    /// What registering set; given with the first event of an instance. The handle is lengthened
    /// where another instance has it.
    pub register: Option<Registration>,
    /// The event, hash included.
    pub event: Event,
}

/// The answer for each event of a [`RestoreRequest`], in its order: stored now, stored before, or
/// refused. It is the shorter where the request ended at a refusal, which is then the last.
pub type Restored = Vec<Result<Restoring>>;
