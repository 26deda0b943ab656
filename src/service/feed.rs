//! The feed: events as they are recorded, from a cursor on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::{EventView, Service, arguments, cursor};
use crate::domain::error::Result;
use crate::domain::ids::InstanceId;
use crate::store::FeedCursor;

/// Asks for the events after a cursor.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FeedRequest {
    /// Only events of this instance: its id, its handle, or a part of its handle.
    #[serde(default)]
    pub instance_id: Option<String>,
    /// Only events after this one; see [`FeedEvent::cursor`]. Without it, from the start.
    #[serde(default)]
    pub cursor: Option<String>,
    /// At most so many, 1 to 1000; 100 by default. A configuration may say otherwise.
    #[serde(default)]
    pub limit: Option<i64>,
}

/// An event of the feed.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct FeedEvent {
    /// Its place in the feed: reading on from it gives what follows, without a gap or a repeat.
    pub cursor: String,
    /// The event, with its instance.
    #[serde(flatten)]
    pub event: EventView,
}

/// A part of the feed.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct FeedAnswer {
    /// The events, in the order in which they were recorded.
    pub events: Vec<FeedEvent>,
}

impl Service {
    /// The events after a cursor. None is missed and none comes twice, whatever is being recorded
    /// meanwhile, when each call goes on from the last event of the one before.
    ///
    /// # Errors
    ///
    /// `instance_not_found`, `ambiguous_instance`, `invalid_limit`, `invalid_argument` for a cursor
    /// that is none, and `store_*` errors.
    pub async fn feed(&self, request: FeedRequest) -> Result<FeedAnswer> {
        let limit = arguments::limit(request.limit, &self.limits)?;
        let cursor = request.cursor.as_deref().map(cursor::parse_feed).transpose()?;
        let instance_id = self.feed_scope(request.instance_id.as_deref()).await?;
        let found = self.store.feed(instance_id, cursor.unwrap_or_default(), limit).await?;
        let (cursors, events): (Vec<_>, Vec<_>) = found.into_iter().unzip();
        let events = self.with_instances(events).await?.into_iter().zip(cursors);
        let shown = |(event, cursor)| FeedEvent { cursor: cursor::write_feed(cursor), event };
        Ok(FeedAnswer { events: events.map(shown).collect() })
    }

    /// The cursor after which, at present, `count` events follow.
    ///
    /// # Errors
    ///
    /// `instance_not_found`, `ambiguous_instance`, and `store_*` errors.
    pub async fn feed_cursor(&self, instance_id: Option<&str>, count: u32) -> Result<String> {
        let instance_id = self.feed_scope(instance_id).await?;
        let found: FeedCursor = self.store.feed_cursor(instance_id, count).await?;
        Ok(cursor::write_feed(found))
    }

    /// Changes its value when events may have been recorded, by whatever process; a hint to read the
    /// feed.
    pub fn appended(&self) -> watch::Receiver<u64> {
        self.store.appended()
    }

    async fn feed_scope(&self, hint: Option<&str>) -> Result<Option<InstanceId>> {
        match hint {
            Some(hint) => Ok(Some(self.resolve(hint).await?.instance_id)),
            None => Ok(None),
        }
    }
}
