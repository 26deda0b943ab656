//! What an append answers, from what was decided and stored.

use super::{Appended, Receipt};
use crate::domain::event::{Event, NewEvent};
use crate::integrity::{Decided, Outcome};

impl Appended {
    /// The answer to a request for `requested` that was decided so.
    pub(super) fn of(requested: &[NewEvent], decided: Decided) -> Self {
        let mut asked = vec![false; decided.events.len()];
        let receipts = requested
            .iter()
            .zip(&decided.outcomes)
            .map(|(event, outcome)| match outcome {
                Outcome::New(index) => {
                    asked[*index] = true;
                    Receipt::of(&decided.events[*index])
                }
                Outcome::Duplicate { sequence_num, timestamp, hash } => Receipt {
                    event_id: event.event_id,
                    sequence_num: *sequence_num,
                    timestamp: *timestamp,
                    hash: *hash,
                    duplicate: true,
                },
            })
            .collect();
        let events = decided.events.iter().zip(asked);
        let automatic =
            events.filter(|(_, asked)| !asked).map(|(event, _)| Receipt::of(event)).collect();
        Self { receipts, automatic, instance: decided.instance }
    }
}

impl Receipt {
    fn of(event: &Event) -> Self {
        Self {
            event_id: event.event_id,
            sequence_num: event.sequence_num,
            timestamp: event.timestamp,
            hash: event.hash,
            duplicate: false,
        }
    }
}
