//! Deciding a batch of jobs, one after the other, on what was read: each sees what those before it
//! will have done. Nothing is read or written here.

use std::collections::HashMap;

use super::job::{Answer, Job, Pending};
use super::view::{View, handles};
use crate::domain::error::Result;
use crate::domain::event::{Event, Hash};
use crate::domain::ids::{InstanceId, StoreId};
use crate::domain::instance::{Instance, Registration};
use crate::domain::time::Timestamp;
use crate::integrity::{self, Facts, Outcome, Restoring};
use crate::store::{AppendRequest, Appended, RestoreEvent, RestoreRequest, entropy};

/// An instance before the transaction and as it will be.
#[derive(Debug)]
pub struct Head {
    /// As it was; `None` for a new one.
    pub before: Option<Instance>,
    /// As it will be.
    pub after: Instance,
}

/// A batch as it is decided.
pub struct Deciding {
    view: View,
    now: Timestamp,
    store_id: StoreId,
    /// The heads that move.
    pub heads: HashMap<InstanceId, Head>,
    /// The events to store, in order.
    pub events: Vec<Event>,
}

impl Deciding {
    /// Starts from what was read.
    pub fn start(view: View, store_id: StoreId, now: Timestamp) -> Self {
        Self { view, now, store_id, heads: HashMap::new(), events: Vec::new() }
    }

    /// Decides the next job; gives the answer to it once all is durable.
    pub fn job(&mut self, pending: &Pending) -> Answer {
        match &pending.job {
            Job::Append(request, _) => Answer::Appended(Box::new(self.append(request, pending))),
            Job::Restore(request, _) => Answer::Restored(Ok(self.restore(request, pending))),
        }
    }

    fn append(&mut self, request: &AppendRequest, pending: &Pending) -> Result<Appended> {
        let id = request.instance_id;
        let head = self.head(id);
        let mut register = request.register.clone();
        if let Some(registration) = &mut register {
            self.free_handle(id, registration);
            // An earlier attempt may have registered the instance.
            let first = request.events.first();
            let registered = first.and_then(|first| self.view.events.get(&first.event_id));
            if registered.is_some_and(|first| first.instance_id == id && first.sequence_num == 1)
                && pending.attempted.contains(&request.events[0].event_id)
            {
                register = None;
            }
        }
        let mut decided = integrity::decide(
            id,
            register.as_ref(),
            // An attempt that was stored has moved the head itself; its events are found by their ids.
            request.expected_sequence_num,
            &request.events,
            Facts {
                head: head.as_ref(),
                stored: &self.view.events,
                types: &self.view.types,
                now: self.now,
                store_id: self.store_id,
                entropy: &mut entropy::random,
            },
        )?;
        for (event, outcome) in request.events.iter().zip(&decided.outcomes) {
            if let Outcome::New(index) = outcome
                && event.id_given
            {
                self.view.events.insert(event.event_id, decided.events[*index].clone());
            }
        }
        let events = std::mem::take(&mut decided.events);
        self.write(head, &decided.instance, &events);
        decided.events = events;
        let mut appended = Appended::of(&request.events, decided);
        for receipt in &mut appended.receipts {
            receipt.duplicate &= !pending.attempted.contains(&receipt.event_id);
        }
        Ok(appended)
    }

    fn restore(&mut self, request: &RestoreRequest, pending: &Pending) -> Vec<Result<Restoring>> {
        let mut outcomes = Vec::with_capacity(request.events.len());
        for asked in &request.events {
            let mut outcome = self.restore_event(asked);
            let attempted = pending.attempted.contains(&asked.event.event_id);
            if attempted && outcome == Ok(Restoring::Present) {
                outcome = Ok(Restoring::New);
            }
            let ends = request.ends_at_refusal && outcome.is_err();
            outcomes.push(outcome);
            if ends {
                break;
            }
        }
        outcomes
    }

    fn restore_event(&mut self, asked: &RestoreEvent) -> Result<Restoring> {
        let event = &asked.event;
        let (id, number) = (event.instance_id, event.sequence_num);
        let head = self.head(id);
        let stored: Option<Hash> = self.view.hashes.get(&(id, number)).copied();
        if integrity::restore(head.as_ref(), stored.as_ref(), asked.origin, event)?
            == Restoring::Present
        {
            return Ok(Restoring::Present);
        }
        if self.view.events.contains_key(&event.event_id) {
            return Err(integrity::id_taken(event));
        }
        let mut instance = match (&head, &asked.register) {
            (Some(head), _) => head.clone(),
            (None, Some(registration)) => {
                let mut registration = registration.clone();
                self.free_handle(id, &mut registration);
                Instance::unborn(id, registration, asked.origin, event.timestamp)
            }
            (None, None) => return Err(integrity::unregistered()),
        };
        instance.apply(event);
        self.view.events.insert(event.event_id, event.clone());
        self.view.hashes.insert((id, number), event.hash);
        self.write(head, &instance, std::slice::from_ref(event));
        Ok(Restoring::New)
    }

    fn head(&self, id: InstanceId) -> Option<Instance> {
        let moved = self.heads.get(&id).map(|head| &head.after);
        moved.or_else(|| self.view.heads.get(&id)).cloned()
    }

    fn write(&mut self, before: Option<Instance>, after: &Instance, events: &[Event]) {
        if events.is_empty() {
            return;
        }
        self.events.extend_from_slice(events);
        match self.heads.get_mut(&after.instance_id) {
            Some(head) => head.after = after.clone(),
            None => {
                self.view.handles.insert(after.registration.handle.clone(), after.instance_id);
                self.heads.insert(after.instance_id, Head { before, after: after.clone() });
            }
        }
    }

    /// Lengthens the handle until no other instance has it.
    fn free_handle(&self, id: InstanceId, registration: &mut Registration) {
        let is_free = |handle: &String| self.view.handles.get(handle).is_none_or(|has| *has == id);
        let free = handles(id, registration).find(is_free);
        if let Some(free) = free {
            registration.handle = free;
        }
    }
}
