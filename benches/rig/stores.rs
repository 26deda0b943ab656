//! Stores to measure: fresh ones, and the services over them.

use std::path::Path;
use std::sync::Arc;

use annals::service::{RegisterRequest, Service};
use annals::store::sqlite::{Options, SqliteStore};
use annals::store::{SharedStore, SystemClock};

/// Opens the store at `path`; creates it where there is none.
pub fn open(path: &Path) -> SharedStore {
    Arc::new(SqliteStore::open(path, Options::new(Arc::new(SystemClock))).expect("a store"))
}

/// A service over the store at `path`.
pub fn service(path: &Path) -> Service {
    Service::new(open(path), Arc::new(SystemClock))
}

/// Registers `count` instances; gives their ids.
pub async fn register(service: &Service, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for _ in 0..count {
        let request = RegisterRequest { project: "odin".into(), ..RegisterRequest::default() };
        ids.push(service.register(request).await.expect("a registration").instance_id);
    }
    ids
}
