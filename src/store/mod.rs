//! The store: where events are kept. All SQL lives below this module.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::{mpsc, watch};

use crate::domain::error::Result;
use crate::domain::event::{Event, Hash, NewEvent};
use crate::domain::ids::{EventId, InstanceId, StoreId};
use crate::domain::instance::{Instance, Registration, Status};
use crate::domain::keyword::Keyword;
use crate::domain::time::{TimeRange, Timestamp};
use crate::domain::value_condition::ValueCondition;

mod address;
mod answer;
mod custom_types;
mod entropy;
mod inspection;
mod migration;
mod place;
pub mod postgres;
mod restoring;
pub mod sqlite;

pub use address::{Address, Opening, default_path, engine, open};
pub use custom_types::{NewerEvents, StoredType, TypeChange, TypeScan, TypeTarget, TypesAsked};
pub use inspection::{Found, Inside, Inspection, inspect};
pub use place::{FileSystem, Permissions, Place, User};
pub use restoring::{RestoreEvent, RestoreRequest, Restored};

/// A clock, so that tests can turn it.
pub trait Clock: Send + Sync + 'static {
    /// The present time.
    fn now(&self) -> Timestamp;
}

/// The clock of the system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// What a store is.
#[derive(Clone, Debug)]
pub struct StoreFacts {
    /// The identity of the store, part of every event hash.
    pub store_id: StoreId,
    /// Where the store is, as the user would name it: `sqlite:/path`. Holds no password.
    pub address: String,
    /// The number of the newest migration that the store has.
    pub schema_version: u32,
    /// Whether opening it made it.
    pub is_new: bool,
}

/// One request to append: an atomic unit, stored whole or not at all.
#[derive(Clone, Debug)]
pub struct AppendRequest {
    /// The instance that the events are about.
    pub instance_id: InstanceId,
    /// Given to create the instance; the first event is then its `instance_registered`.
    pub register: Option<Registration>,
    /// Refuse unless this is the instance's last sequence number.
    pub expected_sequence_num: Option<u64>,
    /// The events in their order. None at all asks only for the automatic events that are due,
    /// such as `instance_stale`.
    pub events: Vec<NewEvent>,
}

/// The store's answer for one event of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The event.
    pub event_id: EventId,
    /// Its number within the instance.
    pub sequence_num: u64,
    /// When the store took it.
    pub timestamp: Timestamp,
    /// Its link in the hash chain.
    pub hash: Hash,
    /// Whether it had been stored before; the other fields are then the original answer.
    pub duplicate: bool,
}

/// The store's answer to an append, given once every event of it is durable.
#[derive(Clone, Debug)]
pub struct Appended {
    /// One receipt for each event of the request, in its order.
    pub receipts: Vec<Receipt>,
    /// The events that were added besides, such as `instance_stale`.
    pub automatic: Vec<Receipt>,
    /// The instance after it.
    pub instance: Instance,
}

/// How an instance is named in a look-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InstanceHint {
    /// By its identity.
    Id(InstanceId),
    /// By its handle or a part of it, compared without regard to ASCII case.
    Handle(String),
}

/// Which instances a listing shows, newest life first.
#[derive(Clone, Debug)]
pub struct InstanceFilter {
    /// Only those of this project.
    pub project: Option<String>,
    /// Only those with this status at `now`.
    pub status: Option<Status>,
    /// The time for which staleness is computed.
    pub now: Timestamp,
    /// Only those after this one in the order of the listing.
    pub after: Option<(Timestamp, InstanceId)>,
    /// At most so many.
    pub limit: u32,
}

/// A page of instances.
#[derive(Clone, Debug)]
pub struct InstancePage {
    /// The page.
    pub instances: Vec<Instance>,
    /// How many the filter fits in all, `after` and `limit` aside.
    pub total_count: u64,
    /// Whether more follow the page.
    pub has_more: bool,
}

/// The order of events by their sequence number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Oldest first.
    Ascending,
    /// Newest first.
    #[default]
    Descending,
}

/// Whose events a query shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Those of one instance, ordered by `sequence_num`.
    Instance(InstanceId),
    /// Those of many instances, ordered by `global_position`. Both conditions must hold.
    Across {
        /// Only instances of this project.
        project: Option<String>,
        /// Only events whose `event_data.epic_id` is this.
        epic: Option<String>,
    },
}

/// Which events a query shows.
#[derive(Clone, Debug)]
pub struct EventQuery {
    /// Whose events.
    pub scope: Scope,
    /// Only events of these types; none given, of every type.
    pub event_types: Option<Vec<String>>,
    /// Only events whose effective time lies in this range.
    pub effective: TimeRange,
    /// Only events that match.
    pub keyword: Option<Keyword>,
    /// Only events with these values.
    pub values: Vec<ValueCondition>,
    /// Only events after this sequence number.
    pub after_sequence: Option<u64>,
    /// The order of the page.
    pub order: Order,
    /// Only events beyond this place in the order; see [`EventPage::next`]. Not part of the count.
    pub beyond: Option<u64>,
    /// At most so many.
    pub limit: u32,
    /// Leave out so many first.
    pub offset: u64,
}

impl EventQuery {
    /// Whether an event with this type, data and metadata (normal texts) has the keyword and the
    /// values that are asked for.
    fn fits(&self, event_type: &str, data: &str, metadata: Option<&str>) -> bool {
        let keyword = self.keyword.as_ref();
        keyword.is_none_or(|keyword| keyword.matches(event_type, data, metadata))
            && self.values.iter().all(|value| value.fits(data, metadata))
    }

    /// The newest events of an instance, at most `limit`.
    pub fn newest(instance_id: InstanceId, limit: u32) -> Self {
        Self {
            scope: Scope::Instance(instance_id),
            event_types: None,
            effective: TimeRange::default(),
            keyword: None,
            values: Vec::new(),
            after_sequence: None,
            order: Order::Descending,
            beyond: None,
            limit,
            offset: 0,
        }
    }
}

/// A page of events, with the count of one and the same snapshot.
#[derive(Clone, Debug)]
pub struct EventPage {
    /// The page.
    pub events: Vec<Event>,
    /// How many events the filters fit in all.
    pub total_count: u64,
    /// The place of the last event in the order, where more follow: the next page is `beyond` it.
    pub next: Option<u64>,
}

/// A place in the feed of a store, before all events by default. Opaque: only the store that gave it
/// can read on from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct FeedCursor {
    /// The transaction that appended the event, where the backend needs it to order the feed.
    pub transaction: u64,
    /// The `global_position` of the event.
    pub position: u64,
}

/// Events in order, in chunks, read as they are asked for. The stream ends after an error.
pub type EventStream = mpsc::Receiver<Result<Vec<Event>>>;

/// A row of the registry as it should be.
#[derive(Clone, Debug, PartialEq)]
pub struct Correction {
    /// The row as it was found; `None` where there was none.
    pub found: Option<Instance>,
    /// The row as it should be. A handle that another instance has is lengthened.
    pub correct: Instance,
}

/// Where events are kept.
///
/// Every backend keeps the same promises, and the conformance suite (`tests/it/conformance`) holds
/// each of them to it.
#[async_trait]
pub trait EventStore: Send + Sync + 'static {
    /// What the store is.
    fn facts(&self) -> &StoreFacts;

    /// Appends atomically, and answers once the events are durable.
    ///
    /// # Errors
    ///
    /// What `decide` refuses (`instance_not_found`, `sequence_conflict`, `event_id_conflict`,
    /// `instance_closed`, `instance_exists`), and `store_*` errors. After `store_unavailable` the
    /// events may or may not be stored: sending the same event ids again is safe and tells.
    async fn append(&self, request: AppendRequest) -> Result<Appended>;

    /// Stores events of another store as they are, and answers once they are durable, for each on its
    /// own. What is stored already is never changed.
    ///
    /// # Errors
    ///
    /// Of an event, what [`crate::integrity::restore`] refuses, and `event_id_conflict`. Of the
    /// request, `store_*` errors; restoring the same again is safe.
    async fn restore(&self, request: RestoreRequest) -> Result<Restored>;

    /// The instances that a hint fits: the one with that id or exact handle, else those whose handle
    /// contains the text; at most `limit`, newest life first.
    async fn find_instances(&self, hint: &InstanceHint, limit: u32) -> Result<Vec<Instance>>;

    /// A page of the registry.
    async fn list_instances(&self, filter: &InstanceFilter) -> Result<InstancePage>;

    /// A page of events and their exact count, from one snapshot.
    async fn query(&self, query: &EventQuery) -> Result<EventPage>;

    /// Those of the events with these ids that are stored, of whatever instance.
    async fn events_by_id(&self, ids: Vec<EventId>) -> Result<HashMap<EventId, Event>>;

    /// The instance and its events 1 to `to` (or to its head) in ascending order, from one snapshot;
    /// `None` for an unknown instance. Memory stays flat, however many there are.
    async fn scan(
        &self,
        instance_id: InstanceId,
        to: Option<u64>,
    ) -> Result<Option<(Instance, EventStream)>>;

    /// The events of all instances, or of one, after `cursor`, in the order of the feed; at most
    /// `limit`. An event that was durable when the call began is in it, or before the cursor: none
    /// is ever missed by reading on from the last one.
    async fn feed(
        &self,
        instance_id: Option<InstanceId>,
        cursor: FeedCursor,
        limit: u32,
    ) -> Result<Vec<(FeedCursor, Event)>>;

    /// The place in the feed after which, at present, `count` events follow, of all instances or of
    /// one; the start where there are fewer.
    async fn feed_cursor(&self, instance_id: Option<InstanceId>, count: u32) -> Result<FeedCursor>;

    /// Changes its value when events may have been appended, by this process or by another one on
    /// the same data, mostly within 50 milliseconds. Only a hint to read the feed.
    fn appended(&self) -> watch::Receiver<u64>;

    /// Custom event types.
    async fn event_types(&self, asked: &TypesAsked) -> Result<Vec<StoredType>>;

    /// Changes a custom event type, and answers once the change is durable.
    ///
    /// # Errors
    ///
    /// `event_type_changed` when the type is not as the caller expects, or an event that came
    /// meanwhile does not fit; `store_*` errors.
    async fn change_event_type(&self, change: TypeChange) -> Result<StoredType>;

    /// All stored events of one type. Memory stays flat, however many there are.
    async fn scan_event_type(&self, event_type: &str) -> Result<TypeScan>;

    /// The instances that have events and no row in the registry.
    async fn unregistered(&self) -> Result<Vec<InstanceId>>;

    /// The events of an instance in ascending order, from one snapshot, whether the registry knows
    /// the instance or not. Memory stays flat, however many there are.
    async fn scan_unregistered(&self, instance_id: InstanceId) -> Result<EventStream>;

    /// Corrects rows of the registry in one transaction, and answers once that is durable: true. Where
    /// a row is not as it was found, none is touched, and the answer is false.
    ///
    /// # Errors
    ///
    /// `store_*` errors.
    async fn correct_registry(&self, corrections: Vec<Correction>) -> Result<bool>;

    /// Finishes what is under way and releases every resource. Later calls are `store_unavailable`.
    async fn close(&self);
}

/// A store that several tasks share.
pub type SharedStore = Arc<dyn EventStore>;
