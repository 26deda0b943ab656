//! Whether an event of another store may be stored as it is, given what is stored. Pure.

use super::hash::event_hash;
use crate::domain::error::{Code, Error, Result};
use crate::domain::event::{Event, Hash};
use crate::domain::ids::StoreId;
use crate::domain::instance::Instance;

/// What restoring an event does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restoring {
    /// It continues the head and is stored.
    New,
    /// It is stored already.
    Present,
}

/// Checks that `event` is the one after number `last` with the hash `previous`, in an instance
/// registered in `origin`.
///
/// # Errors
///
/// `missing_event` for another number, `hash_mismatch` when its hash is not that of its content
/// after that predecessor.
pub fn follows(origin: StoreId, last: u64, previous: &Hash, event: &Event) -> Result<()> {
    let (number, id) = (event.sequence_num, event.instance_id);
    if number != last + 1 {
        return Err(Error::new(
            Code::MissingEvent,
            format!("event {number} of instance {id} stands where event {} belongs", last + 1),
            "the events of an instance must be there without a gap, in their order; export again",
        )
        .with("sequence_num", number)
        .with("expected_sequence_num", last + 1));
    }
    if event_hash(origin, previous, event) == event.hash {
        return Ok(());
    }
    Err(Error::new(
        Code::HashMismatch,
        format!("event {number} of instance {id} does not match its hash: it was changed"),
        "take the line from an unchanged export",
    )
    .with("sequence_num", number))
}

/// Decides what restoring `event` does, given the instance as it stands and the hash of the event
/// that is stored under the same number, if any.
///
/// # Errors
///
/// `instance_diverged` when the instance is stored with another history, and as [`follows`].
pub fn restore(
    head: Option<&Instance>,
    stored: Option<&Hash>,
    origin: StoreId,
    event: &Event,
) -> Result<Restoring> {
    let Some(head) = head else {
        return follows(origin, 0, &Hash::ZERO, event).map(|()| Restoring::New);
    };
    if head.origin_store_id != origin {
        return Err(diverged(event, "was registered in another store"));
    }
    match stored {
        Some(stored) if *stored == event.hash => return Ok(Restoring::Present),
        Some(_) => return Err(diverged(event, "is stored with other content")),
        None => {}
    }
    if event.timestamp < head.head_timestamp && event.sequence_num == head.last_sequence + 1 {
        return Err(diverged(event, "is older than the last stored event"));
    }
    match follows(origin, head.last_sequence, &head.head_hash, event) {
        Ok(()) => Ok(Restoring::New),
        Err(error) if error.code == Code::HashMismatch => {
            Err(diverged(event, "does not follow on the last stored event"))
        }
        Err(error) => Err(error),
    }
}

/// The id of `event` is that of another event of the store.
pub fn id_taken(event: &Event) -> Error {
    Error::new(
        Code::EventIdConflict,
        format!("event_id {} is stored already, as another event", event.event_id),
        "an event id belongs to one event of a store; restore the export into another store",
    )
    .at("event_id")
}

/// The first event of an instance came without what registering it set.
pub fn unregistered() -> Error {
    Error::new(Code::Internal, "a first event came without its registration", "report this fault")
}

fn diverged(event: &Event, why: &str) -> Error {
    Error::new(
        Code::InstanceDiverged,
        format!("event {} of instance {} {why}", event.sequence_num, event.instance_id),
        "two histories of one instance exist; keep them in two stores. Nothing was overwritten",
    )
    .with("instance_id", event.instance_id.to_string())
    .with("sequence_num", event.sequence_num)
}

#[cfg(test)]
mod tests {
    use super::super::hash::tests::event;
    use super::*;
    use crate::domain::instance::Registration;
    use uuid::Uuid;

    const ORIGIN: StoreId = StoreId(Uuid::from_u128(5));

    fn chain(length: u64) -> Vec<Event> {
        let mut previous = Hash::ZERO;
        let link = |number| {
            let mut link = event(number);
            link.hash = event_hash(ORIGIN, &previous, &link);
            previous = link.hash;
            link
        };
        (1..=length).map(link).collect()
    }

    fn head(events: &[Event]) -> Instance {
        let registration = Registration {
            handle: "a-b-8f4a2b".into(),
            project: "a".into(),
            instance_type: "b".into(),
            host: None,
            pid: None,
        };
        let first = &events[0];
        let mut head = Instance::unborn(first.instance_id, registration, ORIGIN, first.timestamp);
        events.iter().for_each(|event| head.apply(event));
        head
    }

    #[test]
    fn what_continues_is_new_what_is_there_is_present_and_the_rest_is_refused() {
        let chain = chain(4);
        let head = head(&chain[..2]);
        let code = |answer: Result<Restoring>| answer.unwrap_err().code;
        assert_eq!(restore(None, None, ORIGIN, &chain[0]), Ok(Restoring::New));
        assert_eq!(code(restore(None, None, ORIGIN, &chain[1])), Code::MissingEvent);
        assert_eq!(restore(Some(&head), None, ORIGIN, &chain[2]), Ok(Restoring::New));
        assert_eq!(code(restore(Some(&head), None, ORIGIN, &chain[3])), Code::MissingEvent);
        let stored = Some(&chain[1].hash);
        assert_eq!(restore(Some(&head), stored, ORIGIN, &chain[1]), Ok(Restoring::Present));
        let other = StoreId(Uuid::from_u128(6));
        assert_eq!(code(restore(Some(&head), stored, other, &chain[1])), Code::InstanceDiverged);
        let mut changed = chain[1].clone();
        changed.hash = Hash([1; 32]);
        assert_eq!(code(restore(Some(&head), stored, ORIGIN, &changed)), Code::InstanceDiverged);
        let mut changed = chain[2].clone();
        changed.event_type = "epic_failed".into();
        assert_eq!(code(restore(Some(&head), None, ORIGIN, &changed)), Code::InstanceDiverged);
        assert_eq!(
            code(restore(None, None, ORIGIN, &Event { sequence_num: 1, ..changed })),
            Code::HashMismatch
        );
    }
}
