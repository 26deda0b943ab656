//! Checking the registry against the events that it is a projection of, and mending it.

use std::collections::{BTreeSet, HashMap, HashSet};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::Service;
use crate::domain::error::{Code, Error, Result};
use crate::domain::ids::{InstanceId, StoreId};
use crate::domain::instance::Instance;
use crate::integrity::{Fault, Projection};
use crate::store::{Correction, EventStream};

/// How often rows that changed meanwhile are looked at again.
const ATTEMPTS: u32 = 8;

/// What the registry says otherwise than the events.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct RowDifference {
    /// The instance.
    pub instance_id: String,
    /// Its short name.
    pub handle: String,
    /// The column of the registry; `row` where there is no row at all.
    pub column: &'static str,
    /// What the registry says.
    pub found: Value,
    /// What the events say.
    pub correct: Value,
}

/// An instance whose row nobody can tell from its events.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Unprojectable {
    /// The instance.
    pub instance_id: String,
    /// Its short name, where the registry has one.
    pub handle: Option<String>,
    /// Why.
    pub message: String,
}

/// What a check of the registry found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct RegistryCheck {
    /// How many instances were looked at.
    pub instances_checked: u64,
    /// How many events were read.
    pub events_checked: u64,
    /// Where the registry differs from the events.
    pub differences: Vec<RowDifference>,
    /// Whether the differences were mended.
    pub mended: bool,
    /// The instances of which it cannot be told, for their events are at fault.
    pub unprojectable: Vec<Unprojectable>,
}

/// A check under way.
#[derive(Default)]
struct Check {
    answer: RegistryCheck,
    corrections: HashMap<InstanceId, Correction>,
    /// The stores in which instances were registered.
    origins: BTreeSet<StoreId>,
}

impl Service {
    /// Compares every row of the registry with the projection of its events. With `mend`, those that
    /// differ are corrected, all in one transaction. `progress` is told of the events as they are
    /// read. Streams, so that memory stays flat.
    ///
    /// A row is only moved forward along its chain: where events are missing or changed, the row
    /// stays as it is, because it is the evidence.
    ///
    /// # Errors
    ///
    /// `store_*` errors; `store_busy` when rows to be mended change all the time.
    pub async fn check_registry(
        &self,
        mend: bool,
        progress: impl Fn(u64) + Send + Sync,
    ) -> Result<RegistryCheck> {
        let mut check = Check::default();
        check.origins.insert(self.store.facts().store_id);
        let mut seen = HashSet::new();
        loop {
            let unseen = self.unseen_instances(&mut seen).await?;
            if unseen.is_empty() {
                break;
            }
            check.answer.instances_checked += unseen.len() as u64;
            for id in unseen {
                self.check_one(id, &mut check, &progress).await?;
            }
        }
        let unregistered = self.store.unregistered().await?;
        check.answer.instances_checked += unregistered.len() as u64;
        for id in unregistered {
            self.check_one(id, &mut check, &progress).await?;
        }
        for _ in 0..ATTEMPTS {
            if !mend || check.corrections.is_empty() {
                return Ok(check.answer);
            }
            let corrections: Vec<_> = check.corrections.values().cloned().collect();
            if self.store.correct_registry(corrections).await? {
                check.answer.mended = true;
                return Ok(check.answer);
            }
            // Some moved on meanwhile. They did so from a wrong row, and are wrong still.
            let again: Vec<InstanceId> = check.corrections.drain().map(|(id, _)| id).collect();
            check.answer.differences.clear();
            for id in again {
                self.check_one(id, &mut check, &progress).await?;
            }
        }
        Err(Error::new(
            Code::StoreBusy,
            "the instances to be mended are written to all the time; nothing was changed",
            "try again in a moment, or stop the agents that write",
        ))
    }

    async fn check_one(
        &self,
        id: InstanceId,
        check: &mut Check,
        progress: &(impl Fn(u64) + Send + Sync),
    ) -> Result<()> {
        // Row and events must be of one snapshot, so the scan gives the row again.
        if let Some((found, events)) = self.store.scan(id, None).await? {
            let projection = Projection::of(found.clone());
            let projected = project(projection, events, &mut check.answer, progress).await?;
            check.origins.insert(found.origin_store_id);
            check.take(id, Some(found), projected);
            return Ok(());
        }
        // Which store it was registered in, only its hashes tell.
        let mut projected = None;
        for origin in check.origins.clone() {
            let events = self.store.scan_unregistered(id).await?;
            let projection = Projection::unregistered(origin);
            let tried = project(projection, events, &mut check.answer, progress).await?;
            if projected.is_none() || tried.is_ok() {
                projected = Some(tried);
            }
        }
        if let Some(projected) = projected {
            check.take(id, None, projected);
        }
        Ok(())
    }
}

/// Projects events; the fault where they do not fit together.
async fn project(
    mut projection: Projection,
    mut events: EventStream,
    answer: &mut RegistryCheck,
    progress: &(impl Fn(u64) + Send + Sync),
) -> Result<std::result::Result<Instance, Fault>> {
    while let Some(chunk) = events.recv().await {
        let chunk = match chunk {
            Err(error) if error.code == Code::StoreCorrupt => {
                return Ok(Err(projection.unreadable(&error.message)));
            }
            chunk => chunk?,
        };
        progress(chunk.len() as u64);
        answer.events_checked += chunk.len() as u64;
        if let Err(fault) = chunk.iter().try_for_each(|event| projection.push(event)) {
            return Ok(Err(fault));
        }
    }
    Ok(projection.finish())
}

impl Check {
    fn take(
        &mut self,
        id: InstanceId,
        found: Option<Instance>,
        projected: std::result::Result<Instance, Fault>,
    ) {
        let correct = match projected {
            Ok(correct) => correct,
            Err(fault) => {
                self.answer.unprojectable.push(Unprojectable {
                    instance_id: id.to_string(),
                    handle: found.map(|found| found.registration.handle),
                    message: fault.message,
                });
                return;
            }
        };
        if found.as_ref() == Some(&correct) {
            return;
        }
        self.answer.differences.extend(differences(found.as_ref(), &correct));
        self.corrections.insert(id, Correction { found, correct });
    }
}

fn differences(found: Option<&Instance>, correct: &Instance) -> Vec<RowDifference> {
    let handle = &found.unwrap_or(correct).registration.handle;
    let difference = |column, found, correct_value| RowDifference {
        instance_id: correct.instance_id.to_string(),
        handle: handle.clone(),
        column,
        found,
        correct: correct_value,
    };
    let Some(found) = found else {
        return vec![difference("row", Value::Null, json!(correct.registration.handle))];
    };
    let pairs = columns(found).into_iter().zip(columns(correct));
    let differing = pairs.filter(|((_, found), (_, correct))| found != correct);
    differing.map(|((column, found), (_, correct))| difference(column, found, correct)).collect()
}

/// The columns of a row that follow from events.
fn columns(row: &Instance) -> [(&'static str, Value); 13] {
    let registration = &row.registration;
    [
        ("handle", json!(registration.handle)),
        ("project", json!(registration.project)),
        ("instance_type", json!(registration.instance_type)),
        ("host", json!(registration.host)),
        ("pid", json!(registration.pid)),
        ("status", json!(row.status)),
        ("created_at", json!(row.created_at)),
        ("last_heartbeat", json!(row.last_heartbeat)),
        ("context_percent", json!(row.context_percent)),
        ("current_epic", json!(row.current_epic)),
        ("last_sequence", json!(row.last_sequence)),
        ("head_hash", json!(row.head_hash.to_string())),
        ("head_timestamp", json!(row.head_timestamp)),
    ]
}
