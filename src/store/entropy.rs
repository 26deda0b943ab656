//! Random bytes for the ids and salts of the events that a store adds itself.

/// Fresh random bytes of the operating system.
pub(super) fn random() -> [u8; 16] {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}
