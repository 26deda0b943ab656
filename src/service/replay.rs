//! Replaying an instance into its work state.

use std::collections::VecDeque;
use std::time::Instant;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Service, arguments};
use crate::domain::error::{Code, Error, Result};
use crate::domain::event::Event;
use crate::domain::ids::InstanceId;
use crate::domain::instance::Instance;
use crate::replay::{State, fold};

/// Asks for the work state of an instance.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayRequest {
    /// The instance: its id, its handle, or a part of its handle that no other has.
    pub instance_id: String,
    /// Replay events 1 to this one; by default all of them.
    #[serde(default)]
    pub to_sequence_num: Option<i64>,
}

/// The work state, reconstructed from the events.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ReplayAnswer {
    /// What the events add up to.
    pub final_state: State,
    /// How many events were replayed.
    pub events_replayed: u64,
    /// How long it took, in milliseconds.
    pub duration_ms: f64,
    /// Always true.
    pub success: bool,
}

impl Service {
    /// Folds the events 1 to `to_sequence_num`, or all, in order.
    ///
    /// # Errors
    ///
    /// `instance_not_found`, `ambiguous_instance`, `invalid_sequence` below 1 or beyond the head, and
    /// `store_*` errors.
    pub async fn replay(&self, request: ReplayRequest) -> Result<ReplayAnswer> {
        let started = Instant::now();
        let to = arguments::sequence(request.to_sequence_num, "to_sequence_num", 1)?;
        let instance_id = self.resolve_id(&request.instance_id).await?;
        let (instance, state, _) = self.state(instance_id, to, 0).await?;
        if let Some(to) = to.filter(|to| *to > instance.last_sequence) {
            return Err(beyond_head(to, instance.last_sequence));
        }
        Ok(ReplayAnswer {
            events_replayed: state.total_events_replayed,
            final_state: state,
            duration_ms: started.elapsed().as_micros() as f64 / 1_000.0,
            success: true,
        })
    }

    /// The instance, its state after the events 1 to `to`, or all, and the last of these events,
    /// at most `keep`, newest first; all of one moment.
    pub(super) async fn state(
        &self,
        instance_id: InstanceId,
        to: Option<u64>,
        keep: usize,
    ) -> Result<(Instance, State, VecDeque<Event>)> {
        let (instance, mut events) = self
            .store
            .scan(instance_id, to)
            .await?
            .ok_or_else(|| super::resolve::not_found(&instance_id.to_string()))?;
        let mut state = State::default();
        let mut last = VecDeque::with_capacity(keep + 1);
        while let Some(chunk) = events.recv().await {
            for event in chunk? {
                fold(&mut state, &event);
                last.push_front(event);
                last.truncate(keep);
            }
        }
        Ok((instance, state, last))
    }
}

fn beyond_head(to: u64, head: u64) -> Error {
    Error::new(
        Code::InvalidSequence,
        format!("to_sequence_num is {to}, the instance's last event is {head}"),
        "leave to_sequence_num out to replay all events",
    )
    .at("to_sequence_num")
    .with("head_sequence_num", head)
}
