//! The row of the registry that an instance's events add up to.
//!
//! The head in a row is evidence: it shows that events were cut off or rewritten. So a row is only
//! ever moved forward along its chain. Where the head is no link of the chain, the events are at
//! fault or the head is, nobody can tell which, and there is no projection.

use serde_json::Value;

use super::verify::{Chain, Fault, FaultKind};
use crate::domain::event::Event;
use crate::domain::ids::{self, StoreId};
use crate::domain::instance::{Instance, Registration};

/// The row of an instance, being projected event by event.
#[derive(Clone, Debug)]
pub struct Projection {
    found: Option<Instance>,
    origin: StoreId,
    /// The chain so far, and what its events add up to.
    projected: Option<(Chain, Instance)>,
    has_head: bool,
}

impl Projection {
    /// The projection of an instance that the registry has, before its first event.
    pub fn of(found: Instance) -> Self {
        Self { origin: found.origin_store_id, found: Some(found), projected: None, has_head: false }
    }

    /// The projection of an instance that the registry lacks, registered in this store.
    pub fn unregistered(origin: StoreId) -> Self {
        Self { found: None, origin, projected: None, has_head: true }
    }

    /// Takes the next event.
    ///
    /// # Errors
    ///
    /// The fault, when the event does not follow on the one before.
    pub fn push(&mut self, event: &Event) -> Result<(), Fault> {
        let (mut chain, mut projected) = match self.projected.take() {
            Some(projected) => projected,
            None => self.unborn(event)?,
        };
        chain.push(event)?;
        projected.apply(event);
        self.has_head |= self.found.as_ref().is_some_and(|found| {
            (found.last_sequence, found.head_hash) == (event.sequence_num, event.hash)
        });
        self.projected = Some((chain, projected));
        Ok(())
    }

    /// The fault of the next event when the store cannot make an event of it, because of `why`.
    pub fn unreadable(&self, why: &str) -> Fault {
        let next = self.projected.as_ref().map_or(1, |(_, row)| row.last_sequence + 1);
        let message = format!("event {next} cannot be read: {why}");
        Fault { kind: FaultKind::Changed, sequence_num: next, message }
    }

    /// The chain and the row before the first event.
    fn unborn(&self, first: &Event) -> Result<(Chain, Instance), Fault> {
        let found = self.found.as_ref().map(|found| &found.registration);
        let registration = registration(found, first).ok_or_else(|| Fault {
            kind: FaultKind::Removed,
            sequence_num: first.sequence_num,
            message: format!("event {} does not say what was registered", first.sequence_num),
        })?;
        let unborn =
            Instance::unborn(first.instance_id, registration, self.origin, first.timestamp);
        // Where the head is, is looked for besides.
        Ok((Chain::new(Instance { last_sequence: u64::MAX, ..unborn.clone() }), unborn))
    }

    /// The row as it should be.
    ///
    /// # Errors
    ///
    /// The fault, when there is no event, or the head of the row is none of them.
    pub fn finish(self) -> Result<Instance, Fault> {
        let head = self.found.as_ref().map_or(0, |found| found.last_sequence);
        let fault = |sequence_num, kind, message: String| Fault { kind, sequence_num, message };
        let Some((_, projected)) = self.projected else {
            return Err(fault(1, FaultKind::Removed, "no event is left of the instance".into()));
        };
        let last = projected.last_sequence;
        if head > last {
            let message =
                format!("event {} is absent: {} to {head} were removed", last + 1, last + 1);
            return Err(fault(last + 1, FaultKind::Removed, message));
        }
        if !self.has_head {
            let message = format!("event {head} is not the head that the registry names");
            return Err(fault(head, FaultKind::Head, message));
        }
        Ok(projected)
    }
}

/// What registering set, as the first event says; what that does not say is left as it was found.
fn registration(found: Option<&Registration>, first: &Event) -> Option<Registration> {
    let data = match first.event_type.as_str() {
        "instance_registered" => first.event_data.value().unwrap_or_default(),
        _ => Value::Null,
    };
    let text = |name: &str| data.get(name).and_then(Value::as_str).map(str::to_owned);
    let (Some(project), Some(instance_type)) = (text("project"), text("instance_type")) else {
        return found.cloned();
    };
    // How long the handle became depends on those that were taken then: any length is right.
    let mut handles = (ids::HANDLE_DIGITS..=ids::MAX_HANDLE_DIGITS)
        .map(|digits| ids::handle(&project, &instance_type, first.instance_id, digits));
    let shortest = ids::handle(&project, &instance_type, first.instance_id, ids::HANDLE_DIGITS);
    let kept = handles.find(|handle| found.is_some_and(|found| found.handle == *handle));
    Some(Registration {
        handle: kept.unwrap_or(shortest),
        project,
        instance_type,
        host: text("host"),
        pid: data.get("pid").and_then(Value::as_u64).and_then(|pid| u32::try_from(pid).ok()),
    })
}
