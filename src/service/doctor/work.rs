//! What a store that is open for work tells: its instances, and whether the registry fits the events.

use super::{Finding, count};
use crate::domain::error::Result;
use crate::domain::instance::Status;
use crate::service::{ListEventTypesRequest, ListInstancesRequest, RegistryCheck, Service};

impl Service {
    /// Judges the instances, and the registry against the events; with `rebuild` what differs is
    /// mended. `progress` is told of events as they are read.
    ///
    /// # Errors
    ///
    /// As [`Service::check_registry`].
    pub async fn diagnose(
        &self,
        rebuild: bool,
        progress: impl Fn(u64) + Send + Sync,
    ) -> Result<(Vec<Finding>, RegistryCheck)> {
        let instances = self.judge_instances().await?;
        let types = self.judge_types().await?;
        let check = self.check_registry(rebuild, progress).await?;
        let mut findings = vec![instances, types, registry(&check)];
        findings.extend(unprojectable(&check));
        Ok((findings, check))
    }

    async fn judge_types(&self) -> Result<Finding> {
        let listed = self.list_event_types(&ListEventTypesRequest::default()).await?;
        let custom = listed.event_types.iter().filter(|entry| entry.custom).count();
        let Some(first) = listed.unreadable.first() else {
            let message = match custom {
                0 => "the built-in ones".to_owned(),
                custom => format!("the built-in ones, and {custom} of your own"),
            };
            return Ok(Finding::ok("types", message));
        };
        let names: Vec<&str> =
            listed.unreadable.iter().map(|unreadable| &*unreadable.event_type).collect();
        Ok(Finding::problem(
            "types",
            format!("not readable: {}; {}", names.join(", "), first.error),
            "events of such a type are refused; those that are stored are whole, and the other types \
             are not affected",
            first.hint.clone(),
        ))
    }

    async fn judge_instances(&self) -> Result<Finding> {
        let number = async |status| {
            let request =
                ListInstancesRequest { status, limit: Some(1), ..ListInstancesRequest::default() };
            self.list_instances(request).await.map(|page| page.total_count)
        };
        let all = number(None).await?;
        if all == 0 {
            return Ok(Finding::ok("instances", "none yet"));
        }
        let stale = number(Some(Status::Stale)).await?;
        let active = number(Some(Status::Active)).await?;
        let closed = number(Some(Status::Closed)).await?;
        let message = format!("{active} active, {stale} stale, {closed} closed");
        if stale == 0 {
            return Ok(Finding::ok("instances", message));
        }
        Ok(Finding::warning(
            "instances",
            message,
            "the stale ones stopped without saying so: they crashed, or nobody closed them",
            "annals instances --status stale; close those whose work is done: annals close ID",
        ))
    }
}

fn registry(check: &RegistryCheck) -> Finding {
    let rows: std::collections::BTreeSet<&str> =
        check.differences.iter().map(|row| row.instance_id.as_str()).collect();
    match (rows.len(), check.mended) {
        (0, _) => {
            let events = count(check.events_checked, "event");
            Finding::ok("registry", format!("equals what the events add up to ({events})"))
        }
        (rows, true) => {
            Finding::ok("registry", format!("{} mended from the events", count(rows as u64, "row")))
        }
        (rows, false) => Finding::problem(
            "registry",
            format!("{} not what the events add up to", count(rows as u64, "row")),
            "instances are shown otherwise than they are; the events themselves are not affected",
            "annals doctor --rebuild",
        ),
    }
}

fn unprojectable(check: &RegistryCheck) -> Option<Finding> {
    let first = check.unprojectable.first()?;
    let name = first.handle.as_ref().unwrap_or(&first.instance_id);
    let instances = count(check.unprojectable.len() as u64, "instance");
    Some(Finding::problem(
        "events",
        format!("{instances} with events at fault, such as {name}: {}", first.message),
        "events were changed, removed or inserted, or the registry names a head that is none; \
         neither is mended, because it is the evidence",
        "annals verify names the first fault of each; restore a backup",
    ))
}
