//! The hash of an event: SHA-256 over a length-prefixed binary form of every immutable column but
//! positions, chained to the event before it.
//!
//! Each field is its length (four bytes, big-endian) and its bytes, in the order of [`event_hash`];
//! an absent field has the length `0xFFFF_FFFF` and no bytes. Numbers are eight bytes, big-endian,
//! times in microseconds since 1970-01-01T00:00:00Z. A payload enters as SHA-256(salt ‖ normal text),
//! so that its text and salt can be erased later with the chain still whole.

use sha2::{Digest, Sha256};

use crate::domain::event::{Event, Hash, Payload};
use crate::domain::ids::StoreId;

/// The version of the binary form, its first field.
pub const FORMAT_VERSION: u32 = 1;

/// The hash of `event`, whose predecessor in the instance has the hash `previous` ([`Hash::ZERO`]
/// for the first) and whose instance was registered in `origin`. The event's own `hash` is not read.
pub fn event_hash(origin: StoreId, previous: &Hash, event: &Event) -> Hash {
    let mut form = Form(Sha256::new());
    form.field(&FORMAT_VERSION.to_be_bytes());
    form.field(origin.0.as_bytes());
    form.field(event.instance_id.0.as_bytes());
    form.field(&event.sequence_num.to_be_bytes());
    form.field(&previous.0);
    form.field(event.event_id.0.as_bytes());
    form.field(event.event_type.as_bytes());
    form.field(&event.timestamp.micros().to_be_bytes());
    form.optional(event.occurred_at.map(|time| time.micros().to_be_bytes()));
    form.optional(event.caused_by.map(|id| id.0.into_bytes()));
    form.optional(event.correlation_id.as_deref());
    form.field(&payload_digest(&event.event_data));
    form.optional(event.metadata.as_ref().map(payload_digest));
    Hash(form.0.finalize().into())
}

fn payload_digest(payload: &Payload) -> [u8; 32] {
    let mut digest = Sha256::new();
    digest.update(payload.salt);
    digest.update(payload.text.as_bytes());
    digest.finalize().into()
}

struct Form(Sha256);

impl Form {
    fn field(&mut self, bytes: &[u8]) {
        let length =
            u32::try_from(bytes.len()).expect("no field reaches 4 GiB: payloads are bounded");
        self.0.update(length.to_be_bytes());
        self.0.update(bytes);
    }

    fn optional(&mut self, bytes: Option<impl AsRef<[u8]>>) {
        match bytes {
            Some(bytes) => self.field(bytes.as_ref()),
            None => self.0.update(u32::MAX.to_be_bytes()),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::domain::ids::{EventId, InstanceId};
    use crate::domain::time::Timestamp;
    use uuid::Uuid;

    pub fn event(sequence_num: u64) -> Event {
        Event {
            event_id: EventId(Uuid::from_u128(0x0191_e7a4_0000_7000_8000_0000_0000_0001)),
            instance_id: InstanceId(Uuid::from_u128(0x0191_e7a4_0000_7000_8000_0000_008f_4a2b)),
            event_type: "epic_started".into(),
            sequence_num,
            timestamp: Timestamp::from_micros(1_700_000_000_000_000),
            occurred_at: None,
            event_data: Payload { text: r#"{"epic_id":"epic-003"}"#.into(), salt: [7; 16] },
            metadata: None,
            caused_by: None,
            correlation_id: None,
            hash: Hash::ZERO,
        }
    }

    /// Computed independently, in Python:
    /// `hashlib.sha256` over `struct.pack(">I", len(field)) + field` of each field.
    #[test]
    fn the_hash_of_a_known_event_never_changes() {
        let origin = StoreId(Uuid::from_u128(5));
        assert_eq!(
            event_hash(origin, &Hash::ZERO, &event(1)).to_string(),
            "aab0e767c181593e448cfe1fe76a4241b0ed45a8b62661589895befa9ddccf50"
        );
        let mut full = event(2);
        full.occurred_at = Some(Timestamp::from_micros(-1));
        full.caused_by = Some(EventId(Uuid::from_u128(9)));
        full.correlation_id = Some("c".into());
        full.metadata = Some(Payload { text: "{}".into(), salt: [1; 16] });
        assert_eq!(
            event_hash(origin, &Hash([3; 32]), &full).to_string(),
            "4022a37889d07ab0c356cc401cfc2910117e874232072243c6083dd2a7659146"
        );
    }
}
