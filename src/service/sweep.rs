//! Recording lapses: an instance that showed no life for too long is stale, and the log says so once.

use super::Service;
use crate::domain::error::{Class, Code, Result};
use crate::domain::instance::Status;
use crate::domain::limits::QUERY_LIMIT;
use crate::store::InstanceFilter;

impl Service {
    /// Records `instance_stale` for every instance whose lapse no event tells yet; gives their
    /// number. Safe to run in several processes: the store decides who records.
    ///
    /// # Errors
    ///
    /// `store_*` errors; the first one, when every instance was tried.
    pub async fn sweep(&self) -> Result<usize> {
        let mut filter = InstanceFilter {
            project: None,
            status: Some(Status::Stale),
            now: self.now(),
            after: None,
            limit: QUERY_LIMIT,
        };
        let (mut recorded, mut fault) = (0, None);
        loop {
            let page = self.store.list_instances(&filter).await?;
            let lapsed = page.instances.iter().filter(|found| found.has_lapsed(filter.now));
            for instance in lapsed {
                match self.append(instance.instance_id, None, Vec::new()).await {
                    Ok(appended) => recorded += appended.automatic.len(),
                    // Closed since the listing.
                    Err(error) if error.code == Code::InstanceClosed => {}
                    // A damaged instance keeps no other from being told of.
                    Err(error) if error.code.class() != Class::Unavailable => {
                        fault.get_or_insert(error);
                    }
                    Err(error) => return Err(error),
                }
            }
            match page.instances.last().filter(|_| page.has_more) {
                Some(last) => filter.after = Some((last.last_heartbeat, last.instance_id)),
                None => return fault.map_or(Ok(recorded), Err),
            }
        }
    }
}
