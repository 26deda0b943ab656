//! What to do where there is nothing yet.

use super::output;
use crate::domain::error::Result;
use crate::service::{ListInstancesRequest, Service};

/// Says how to begin.
pub fn note(service: &Service) {
    output::note(&format!(
        "no instance yet in {}; begin with one of:",
        service.store_facts().address
    ));
    output::note_command("annals register --project NAME");
    output::note_command("annals import git .");
    output::note_command("annals demo");
}

/// Says how to begin where the store has no instance; gives whether it has none.
///
/// # Errors
///
/// `store_*` errors.
pub async fn note_if_empty(service: &Service) -> Result<bool> {
    let request = ListInstancesRequest { limit: Some(1), ..ListInstancesRequest::default() };
    let is_empty = service.list_instances(request).await?.total_count == 0;
    if is_empty {
        note(service);
    }
    Ok(is_empty)
}
