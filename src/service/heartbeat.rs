//! Signs of life.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Service;
use super::emit;
use super::prepare::prepare_own;
use crate::domain::error::Result;
use crate::domain::instance::Status;
use crate::domain::time::{SECOND, Timestamp};

/// Says that an instance lives, and how full its context is.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeartbeatRequest {
    /// The instance: its id, its handle, or a part of its handle that no other has.
    pub instance_id: String,
    /// How full the agent's context is, 0 to 100.
    #[serde(default)]
    pub context_percent: Option<f64>,
    /// The epic that the agent works on.
    #[serde(default)]
    pub current_epic: Option<String>,
}

/// The instance after the heartbeat.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct HeartbeatAnswer {
    /// Always true.
    pub success: bool,
    /// The instance.
    pub instance_id: String,
    /// Its short name.
    pub handle: String,
    /// Its status.
    pub status: Status,
    /// Its last life (RFC 3339, UTC).
    #[schemars(with = "String")]
    pub last_heartbeat: Timestamp,
    /// Seconds since its last life.
    pub age_seconds: f64,
    /// Whether it is stale: no life for 120 seconds.
    pub stale: bool,
    /// The number of the instance_heartbeat event.
    pub sequence_num: u64,
}

impl Service {
    /// Records a heartbeat; returns once it is durable.
    ///
    /// # Errors
    ///
    /// `instance_not_found`, `ambiguous_instance`, `instance_closed`, `field_out_of_range`, and
    /// `store_*` errors.
    pub async fn heartbeat(&self, request: HeartbeatRequest) -> Result<HeartbeatAnswer> {
        let mut data = Map::new();
        data.extend(
            request.context_percent.map(|percent| ("context_percent".into(), percent.into())),
        );
        data.extend(request.current_epic.map(|epic| ("current_epic".into(), epic.into())));
        let event = prepare_own(
            self.catalogue,
            &self.redactor,
            &self.limits,
            "instance_heartbeat",
            Value::Object(data),
            "current_epic",
        )?;
        let appended = self.append_to(&request.instance_id, None, vec![event]).await?;
        let sequence_num = emit::only(&appended)?.sequence_num;
        let (instance, now) = (appended.instance, self.now());
        let status = instance.status_at(now);
        Ok(HeartbeatAnswer {
            success: true,
            instance_id: instance.instance_id.to_string(),
            handle: instance.registration.handle.clone(),
            status,
            last_heartbeat: instance.last_heartbeat,
            age_seconds: age_seconds(now, instance.last_heartbeat),
            stale: status == Status::Stale,
            sequence_num,
        })
    }
}

/// Seconds from `life` to `now`, to the millisecond; 0 when the clock stepped back.
pub(super) fn age_seconds(now: Timestamp, life: Timestamp) -> f64 {
    let micros = now.since(life).max(0);
    (micros / (SECOND / 1_000)) as f64 / 1_000.0
}
