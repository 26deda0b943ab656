//! Closing instances.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Service;
use super::emit;
use super::prepare::prepare_own;
use crate::domain::error::Result;
use crate::domain::instance::Status;

/// Closes an instance: its work is done, and it refuses further events.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseRequest {
    /// The instance: its id, its handle, or a part of its handle that no other has.
    pub instance_id: String,
    /// Why it ends.
    #[serde(default)]
    pub reason: Option<String>,
}

/// The closed instance.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct CloseAnswer {
    /// Always true.
    pub success: bool,
    /// The instance.
    pub instance_id: String,
    /// Its short name.
    pub handle: String,
    /// Its status.
    pub status: Status,
    /// The instance_closed event.
    pub event_id: String,
    /// The number of that event.
    pub sequence_num: u64,
}

impl Service {
    /// Closes an instance; returns once that is durable.
    ///
    /// # Errors
    ///
    /// `instance_not_found`, `ambiguous_instance`, `instance_closed` when it is closed already, and
    /// `store_*` errors.
    pub async fn close_instance(&self, request: CloseRequest) -> Result<CloseAnswer> {
        let reason = request.reason.map(|reason| ("reason".to_owned(), Value::from(reason)));
        let event = prepare_own(
            self.catalogue,
            &self.redactor,
            &self.limits,
            "instance_closed",
            Value::Object(reason.into_iter().collect::<Map<_, _>>()),
            "reason",
        )?;
        let appended = self.append_to(&request.instance_id, None, vec![event]).await?;
        let receipt = emit::only(&appended)?;
        Ok(CloseAnswer {
            success: true,
            instance_id: appended.instance.instance_id.to_string(),
            handle: appended.instance.registration.handle,
            status: appended.instance.status,
            event_id: receipt.event_id,
            sequence_num: receipt.sequence_num,
        })
    }
}
