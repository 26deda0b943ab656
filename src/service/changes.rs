//! What changed, told by instance: the feed without its events, for those who only want to know what
//! to read again.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{FeedRequest, Service};
use crate::domain::error::Result;

/// How many events are taken together at most.
const EVENTS: usize = 10_000;
/// How many of them are read at a time.
const PAGE: i64 = 100;

/// What changed in a part of the feed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The instances that have new events: their ids and handles.
    pub instances: BTreeMap<String, String>,
    /// Whether an instance was registered.
    pub registered: bool,
    /// The end of the part, where the next one begins.
    pub cursor: String,
    /// Whether the feed goes on after it.
    pub has_more: bool,
}

impl Service {
    /// What changed after `cursor`. Nothing is missed when each call goes on from the cursor of the
    /// one before.
    ///
    /// # Errors
    ///
    /// As [`Service::feed`].
    pub async fn changes(&self, cursor: String) -> Result<Changes> {
        let mut changes = Changes { cursor, ..Changes::default() };
        let mut seen = 0;
        loop {
            let cursor = Some(changes.cursor.clone());
            let request = FeedRequest { cursor, limit: Some(PAGE), ..FeedRequest::default() };
            let page = self.feed(request).await?.events;
            seen += page.len();
            let is_last = page.len() < PAGE as usize;
            for found in page {
                let event = found.event;
                changes.registered |= event.event_type == "instance_registered";
                if let (Some(id), Some(handle)) = (event.instance_id, event.handle) {
                    changes.instances.insert(id, handle);
                }
                changes.cursor = found.cursor;
            }
            if is_last || seen >= EVENTS {
                changes.has_more = !is_last;
                return Ok(changes);
            }
        }
    }
}

/// Whether `hint` may name the instance: it is its id, or its handle or a part of it.
pub fn is_named(hint: &str, instance_id: &str, handle: &str) -> bool {
    let hint = hint.trim();
    match Uuid::parse_str(hint) {
        Ok(id) => Uuid::parse_str(instance_id) == Ok(id),
        Err(_) => {
            !hint.is_empty() && handle.to_ascii_lowercase().contains(&hint.to_ascii_lowercase())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_is_named_by_its_id_its_handle_or_a_part_of_that() {
        let (id, handle) = ("0191e7a4-0000-7000-8000-0000008f4a2b", "odin-PS-8f4a2b");
        for hint in [id, "0191E7A4000070008000 0000008F4A2B".replace(' ', "").as_str()] {
            assert!(is_named(hint, id, handle), "{hint}");
        }
        for hint in ["odin-PS-8f4a2b", " ODIN-ps", "8f4a"] {
            assert!(is_named(hint, id, handle), "{hint}");
        }
        for hint in ["", " ", "thor", "0191e7a4-0000-7000-8000-0000008f4a2c", "0191e7a4"] {
            assert!(!is_named(hint, id, handle), "{hint}");
        }
    }
}
