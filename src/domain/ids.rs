//! Identifiers: instances, events, stores, and the short handle of an instance.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new identifier: UUID version 7 of the present time.
            pub fn generate() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                Uuid::parse_str(text).map(Self)
            }
        }
    };
}

uuid_id!(
    /// One run of one agent.
    InstanceId
);
uuid_id!(
    /// One event; chosen by the caller for safe retries, else by Annals.
    EventId
);
uuid_id!(
    /// The store in which an instance was registered; part of every event hash.
    StoreId
);

/// Hexadecimal digits of a handle before any collision.
pub const HANDLE_DIGITS: usize = 6;

/// The most hexadecimal digits that a handle takes from the random tail of an instance id:
/// 62 bits of a version 7 UUID are random after the variant, 15 whole digits.
pub const MAX_HANDLE_DIGITS: usize = 15;

/// The short name of an instance, `{project}-{type}-{digits hexadecimal digits}`, the digits being
/// the last of the instance id.
pub fn handle(project: &str, instance_type: &str, id: InstanceId, digits: usize) -> String {
    let hex = id.0.simple().to_string();
    let tail = &hex[hex.len() - digits.clamp(1, MAX_HANDLE_DIGITS)..];
    format!("{project}-{instance_type}-{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_ends_in_the_random_tail_of_the_instance_id() {
        let id: InstanceId = "0191e7a4-0000-7000-8000-0000008f4a2b".parse().unwrap();
        assert_eq!(handle("odin", "PS", id, HANDLE_DIGITS), "odin-PS-8f4a2b");
        assert_eq!(handle("odin", "PS", id, 8), "odin-PS-008f4a2b");
    }
}
