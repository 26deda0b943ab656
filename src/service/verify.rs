//! Verifying the hash chains.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Service;
use crate::domain::error::{Code, Result};
use crate::domain::ids::InstanceId;
use crate::domain::instance::Instance;
use crate::domain::limits::QUERY_LIMIT;
use crate::integrity::{Chain, Fault, FaultKind};
use crate::store::InstanceFilter;

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
            let instance = self.resolve(hint).await?;
            self.verify_one(instance, &mut answer, &progress).await?;
            return Ok(answer);
        }
        // An instance that shows life meanwhile comes first in the listing, perhaps past the page
        // where it was to be found; so it is gone through until it shows none that is new.
        let mut seen = HashSet::new();
        while self.verify_listed(&mut seen, &mut answer, &progress).await? {}
        Ok(answer)
    }

    /// Checks the instances of the registry that were not seen yet; gives whether there were any.
    async fn verify_listed(
        &self,
        seen: &mut HashSet<InstanceId>,
        answer: &mut VerifyAnswer,
        progress: &(impl Fn(u64) + Send + Sync),
    ) -> Result<bool> {
        let before = seen.len();
        let mut filter = InstanceFilter {
            project: None,
            status: None,
            now: self.now(),
            after: None,
            limit: QUERY_LIMIT,
        };
        loop {
            let page = self.store.list_instances(&filter).await?;
            let last = page.instances.last().map(|last| (last.last_heartbeat, last.instance_id));
            for instance in page.instances {
                if seen.insert(instance.instance_id) {
                    self.verify_one(instance, answer, progress).await?;
                }
            }
            match last.filter(|_| page.has_more) {
                Some(last) => filter.after = Some(last),
                None => return Ok(seen.len() > before),
            }
        }
    }

    async fn verify_one(
        &self,
        instance: Instance,
        answer: &mut VerifyAnswer,
        progress: &(impl Fn(u64) + Send + Sync),
    ) -> Result<()> {
        // The head and the events must be of one snapshot, so the scan gives the head again.
        let Some((instance, mut events)) = self.store.scan(instance.instance_id, None).await?
        else {
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
