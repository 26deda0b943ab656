//! Which instance a repository is, and which event a commit is.

use gix::ObjectId;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::domain::ids::{EventId, InstanceId};

/// The most milliseconds since the epoch that a version 7 UUID holds.
const MAX_MILLIS: i64 = (1 << 48) - 1;

/// The instance of the repository whose history begins with `root`, committed at `seconds` since
/// the epoch: a version 7 UUID of that time, clamped to what its 48 bits hold, with random bits
/// from the SHA-256 of the hash's bytes. Every clone with the whole history gives the same one.
pub(super) fn instance_id(root: &ObjectId, seconds: i64) -> InstanceId {
    let millis = seconds.saturating_mul(1000).clamp(0, MAX_MILLIS).unsigned_abs();
    let digest: [u8; 32] = Sha256::digest(root.as_bytes()).into();
    let mut random = [0; 10];
    random.copy_from_slice(&digest[..10]);
    InstanceId(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
}

/// The event of this type that tells of `commit`: the same one however often it is read.
pub(super) fn event_id(instance: InstanceId, commit: &ObjectId, event_type: &str) -> EventId {
    EventId(Uuid::new_v5(&instance.0, format!("{commit} {event_type}").as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(hex: &str) -> ObjectId {
        ObjectId::from_hex(hex.as_bytes()).unwrap()
    }

    #[test]
    fn an_instance_id_is_version_7_with_the_time_and_hash_of_the_root() {
        let root = id("e83c5163316f89bfbde7d9ab23ca2e25604af290");
        let instance = instance_id(&root, 1_112_911_993);
        // 1112911993000 is 0x01031eb958a8, and the SHA-256 of the hash begins d8d8a1f09bd5112deba4.
        assert_eq!(instance.to_string(), "01031eb9-58a8-78d8-a1f0-9bd5112deba4");
        assert_eq!(instance.0.get_version_num(), 7);
        assert_ne!(
            instance,
            instance_id(&id("f83c5163316f89bfbde7d9ab23ca2e25604af290"), 1_112_911_993)
        );
    }

    #[test]
    fn absurd_times_are_clamped() {
        let root = id("e83c5163316f89bfbde7d9ab23ca2e25604af290");
        for seconds in [-1, i64::MIN] {
            assert!(instance_id(&root, seconds).to_string().starts_with("00000000-0000-7"));
        }
        for seconds in [i64::MAX, MAX_MILLIS] {
            assert!(instance_id(&root, seconds).to_string().starts_with("ffffffff-ffff-7"));
        }
    }

    #[test]
    fn an_event_id_depends_on_instance_commit_and_type() {
        let root = id("e83c5163316f89bfbde7d9ab23ca2e25604af290");
        let (one, two) = (instance_id(&root, 1), instance_id(&root, 2));
        let created = event_id(one, &root, "commit_created");
        assert_eq!(created, event_id(one, &root, "commit_created"));
        assert_eq!(created.0.get_version_num(), 5);
        assert_ne!(created, event_id(one, &root, "pr_merged"));
        assert_ne!(created, event_id(two, &root, "commit_created"));
    }
}
