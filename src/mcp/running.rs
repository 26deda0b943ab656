//! Running calls, each in a task of its own: a panic ends only that task.

use rmcp::RoleServer;
use rmcp::model::{ErrorData, JsonObject};
use rmcp::service::RequestContext;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::tool::{Effect, Tool};
use super::{Lifecycle, Server};
use crate::domain::catalogue::nearest;
use crate::domain::error::{Code, Error, Result};

/// What the names of the tools start with.
const PREFIX: &str = "mcp_meta_";

impl<S: Lifecycle> Server<S> {
    pub(super) fn index_of(&self, name: &str) -> std::result::Result<usize, ErrorData> {
        let known = || self.tools.iter().map(Tool::name);
        known().position(|known| known == name).ok_or_else(|| unknown_tool(name, known().collect()))
    }

    /// Calls a tool. A client that goes away ends no write.
    pub(super) async fn call(
        &self,
        index: usize,
        arguments: JsonObject,
        context: &RequestContext<RoleServer>,
    ) -> Result<Value> {
        let (service, tools) = (self.service().clone(), self.tools.clone());
        let cancel = (self.tools[index].effect == Effect::Reads).then_some(&context.ct);
        let calling = async move { tools[index].call(service, arguments).await };
        run(self.tools[index].name(), cancel, calling).await
    }
}

/// Runs `calling` until it ends or is cancelled.
pub(super) async fn run<T: Send + 'static>(
    what: &str,
    cancel: Option<&CancellationToken>,
    calling: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    let mut task = tokio::spawn(calling);
    let cancelled = async {
        match cancel {
            Some(cancel) => cancel.cancelled().await,
            None => std::future::pending().await,
        }
    };
    let ended = tokio::select! {
        ended = &mut task => ended,
        () = cancelled => {
            task.abort();
            task.await
        }
    };
    ended.unwrap_or_else(|error| Err(not_ended(&error, what)))
}

/// Names in clients vary in the prefix, so it does not count in what is alike.
fn unknown_tool(name: &str, known: Vec<&str>) -> ErrorData {
    let bare = |name| str::strip_prefix(name, PREFIX).unwrap_or(name);
    let nearest = nearest(bare(name), known.iter().map(|known| bare(known)));
    let suggestion = known
        .iter()
        .find(|known| nearest.first().is_some_and(|nearest| bare(known) == *nearest))
        .map(|known| format!("; did you mean {known}?"))
        .unwrap_or_default();
    ErrorData::invalid_params(
        format!("there is no tool {name}{suggestion}"),
        Some(json!({"known": known})),
    )
}

fn not_ended(error: &tokio::task::JoinError, what: &str) -> Error {
    if error.is_cancelled() {
        return Error::new(Code::Internal, "the call was cancelled", "call again if need be");
    }
    tracing::error!(what, "a call panicked");
    Error::new(
        Code::Internal,
        format!("{what} failed: a fault of Annals"),
        "whether anything was stored is unknown: query, or send again with the same event_id; \
         please report the fault with the server's log",
    )
}
