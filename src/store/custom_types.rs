//! Custom event types as the store keeps them, and changes of them.

use std::sync::Arc;

use super::EventStream;
use crate::domain::error::Result;
use crate::domain::event::Event;
use crate::domain::time::Timestamp;
use crate::integrity::type_changed;

/// A version of a custom event type, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredType {
    /// The name of the type.
    pub name: String,
    /// 1, 2, 3 … for each name.
    pub version: u32,
    /// The number of the change that defined or retired this version. Later changes, of whatever
    /// type, have higher numbers.
    pub change: u64,
    /// The definition; see [`crate::domain::catalogue::Definition::text`].
    pub definition: String,
    /// When it was defined.
    pub defined_at: Timestamp,
    /// When it was retired, where it was.
    pub retired_at: Option<Timestamp>,
}

/// Which versions of custom event types to read.
#[derive(Clone, Debug)]
pub enum TypesAsked {
    /// The newest of every type.
    Newest,
    /// The newest of the types of these names.
    Named(Vec<String>),
    /// Every version of the type of this name, the oldest first.
    Versions(String),
}

/// A change of a custom event type. Nothing is ever changed in place: each adds a row.
#[derive(Clone)]
pub struct TypeChange {
    /// The name of the type.
    pub name: String,
    /// The last change of the type as the caller knows it, 0 for a new type; a type that was changed
    /// since refuses this change.
    pub expected: u64,
    /// What is to become of the type.
    pub to: TypeTarget,
    /// When the change was made, where that was in another store; none given, now. Within a type the
    /// times of changes never decrease.
    pub made_at: Option<Timestamp>,
}

impl TypeChange {
    /// The type after the change, given its newest version and the number of the last change of any
    /// type. Whether newer events fit, see [`TypeChange::newer`], is to be looked at besides.
    ///
    /// # Errors
    ///
    /// `event_type_changed` when the type is not as the change expects.
    pub(super) fn decide(
        &self,
        newest: Option<StoredType>,
        last: u64,
        now: Timestamp,
    ) -> Result<StoredType> {
        if newest.as_ref().map_or(0, |newest| newest.change) != self.expected {
            return Err(type_changed(&self.name));
        }
        let before = newest.as_ref().map(StoredType::changed_at);
        let at = self.made_at.unwrap_or(now);
        let at = before.map_or(at, |before| at.max(before));
        match (&self.to, newest) {
            (TypeTarget::Retired, Some(newest)) => {
                Ok(StoredType { change: last + 1, retired_at: Some(at), ..newest })
            }
            (TypeTarget::Retired, None) => Err(type_changed(&self.name)),
            (TypeTarget::Defined { definition, .. }, newest) => Ok(StoredType {
                name: self.name.clone(),
                version: newest.map_or(0, |newest| newest.version) + 1,
                change: last + 1,
                definition: definition.clone(),
                defined_at: at,
                retired_at: None,
            }),
        }
    }

    /// The check of the events that came meanwhile, where the change asks for one.
    pub(super) fn newer(&self) -> Option<&NewerEvents> {
        match &self.to {
            TypeTarget::Defined { newer, .. } => newer.as_ref(),
            TypeTarget::Retired => None,
        }
    }
}

impl StoredType {
    /// When it was last changed.
    pub(super) fn changed_at(&self) -> Timestamp {
        self.retired_at.unwrap_or(self.defined_at)
    }
}

/// What a change makes of a custom event type.
#[derive(Clone)]
pub enum TypeTarget {
    /// A new version with this definition.
    Defined {
        /// The definition; see [`crate::domain::catalogue::Definition::text`].
        definition: String,
        /// Given to refuse the change where an event that came meanwhile does not fit it.
        newer: Option<NewerEvents>,
    },
    /// The newest version, retired.
    Retired,
}

/// A check of the events that came after a reading of all events of a type.
#[derive(Clone)]
pub struct NewerEvents {
    /// Where the reading ended; see [`TypeScan::end`].
    pub after: u64,
    /// Whether an event may stay as it is.
    pub fits: Arc<dyn Fn(&Event) -> bool + Send + Sync>,
}

/// The stored events of one type, of whatever instance, in one snapshot.
pub struct TypeScan {
    /// Every event of the type that is stored after the snapshot lies beyond this mark.
    pub end: u64,
    /// The events, by time.
    pub events: EventStream,
}
