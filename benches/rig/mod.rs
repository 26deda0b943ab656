//! What the benchmarks share: the load, the store of a million events, the peers, and how figures
//! are taken and shown.

pub mod bare_sqlite;
pub mod client;
pub mod day;
pub mod disk;
pub mod figures;
pub mod machine;
pub mod random;
pub mod raw_log;
pub mod report;
pub mod stores;
pub mod traffic;
