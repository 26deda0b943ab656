//! The tools of Annals, in the order in which clients list them.

mod events;
mod instances;

use super::tool::Tool;
use super::{Lifecycle, Server};
use crate::domain::error::Result;
use crate::service::Service;

impl Lifecycle for Service {
    async fn ready(&self) -> Result<()> {
        Service::ready(self).await
    }

    async fn shutdown(&self) {
        Service::shutdown(self).await;
    }
}

impl Server<Service> {
    /// The server of Annals.
    pub fn new(service: Service) -> Self {
        Self::with_tools(service.clone(), tools()).with_content(service)
    }
}

fn tools() -> Vec<Tool<Service>> {
    let mut tools = events::tools();
    tools.extend(instances::tools());
    tools
}
