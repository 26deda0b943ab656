//! Verifying the hash chains.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Service;
use crate::domain::error::{Code, Result};
use crate::domain::ids::InstanceId;
use crate::domain::instance::Instance;
use crate::integrity::{Chain, Fault, FaultKind};

/// Asks for a check of the hash chains.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyRequest {
    /// The instance to check; by default all of them.
    #[serde(default)]
    pub instance_id: Option<String>,
}

/// The first fault of one instance.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct FaultView {
    /// The instance.
    pub instance_id: String,
    /// Its short name.
    pub handle: String,
    /// The first event that is wrong.
    pub sequence_num: u64,
    /// What is wrong: changed, removed, inserted or head.
    pub kind: FaultKind,
    /// The same for a person.
    pub message: String,
}

/// What the check found.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct VerifyAnswer {
    /// Whether every chain is whole.
    pub valid: bool,
    /// How many instances were checked.
    pub instances_checked: u64,
    /// How many events were found whole.
    pub events_checked: u64,
    /// The first fault of each instance that has one.
    pub faults: Vec<FaultView>,
    /// What this check does not prove.
    pub not_proven: &'static str,
}

/// What a check of chains alone does not prove.
const NOT_PROVEN: &str = "Without a head kept elsewhere, whole chains do not prove that no event was \
     cut off an instance's end, nor that an instance was not rewritten or removed as a whole.";

impl Service {
    /// Checks the chain of one instance, or of all; `progress` is told of the events as they are
    /// checked. Streams, so that memory stays flat.
    ///
    /// # Errors
    ///
    /// `instance_not_found`, `ambiguous_instance`, and `store_*` errors. A broken chain is an answer,
    /// not an error.
    pub async fn verify(
        &self,
        request: VerifyRequest,
        progress: impl Fn(u64) + Send + Sync,
    ) -> Result<VerifyAnswer> {
        let mut answer = VerifyAnswer {
            valid: true,
            instances_checked: 0,
            events_checked: 0,
            faults: Vec::new(),
            not_proven: NOT_PROVEN,
        };
        if let Some(hint) = &request.instance_id {
            let instance_id = self.resolve(hint).await?.instance_id;
            self.verify_one(instance_id, &mut answer, &progress).await?;
            return Ok(answer);
        }
        let mut seen = HashSet::new();
        loop {
            let unseen = self.unseen_instances(&mut seen).await?;
            if unseen.is_empty() {
                return Ok(answer);
            }
            for instance_id in unseen {
                self.verify_one(instance_id, &mut answer, &progress).await?;
            }
        }
    }

    async fn verify_one(
        &self,
        instance_id: InstanceId,
        answer: &mut VerifyAnswer,
        progress: &(impl Fn(u64) + Send + Sync),
    ) -> Result<()> {
        // The head and the events must be of one snapshot, so the scan gives the head again.
        let Some((instance, mut events)) = self.store.scan(instance_id, None).await? else {
            return Ok(());
        };
        answer.instances_checked += 1;
        let mut chain = Chain::new(instance.clone());
        let mut fault = None;
        while let Some(chunk) = events.recv().await {
            let checked = match chunk {
                Ok(chunk) => {
                    progress(chunk.len() as u64);
                    chunk.iter().try_for_each(|event| {
                        chain.push(event).inspect(|()| answer.events_checked += 1)
                    })
                }
                Err(error) if error.code == Code::StoreCorrupt => {
                    Err(chain.unreadable(&error.message))
                }
                Err(error) => return Err(error),
            };
            if let Err(found) = checked {
                fault = Some(found);
                break;
            }
        }
        if let Some(fault) = fault.or_else(|| chain.finish().err()) {
            answer.valid = false;
            answer.faults.push(view(&instance, fault));
        }
        Ok(())
    }
}

fn view(instance: &Instance, fault: Fault) -> FaultView {
    FaultView {
        instance_id: instance.instance_id.to_string(),
        handle: instance.registration.handle.clone(),
        sequence_num: fault.sequence_num,
        kind: fault.kind,
        message: fault.message,
    }
}
