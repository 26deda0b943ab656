//! Which instance a caller means: by id, by handle, or by a part of a handle that only one has.

use uuid::Uuid;

use super::{InstanceView, ListInstancesRequest, Service};
use crate::domain::error::{Code, Error, Result};
use crate::domain::ids::InstanceId;
use crate::domain::instance::Instance;
use crate::domain::shown::shown;
use crate::store::InstanceHint;

/// How many matches an ambiguous hint shows.
const MATCHES: u32 = 10;

impl Service {
    /// The id of the instance that `hint` names. An id is taken as it is: the append or read that
    /// follows finds out whether it exists.
    pub(super) async fn resolve_id(&self, hint: &str) -> Result<InstanceId> {
        match Uuid::parse_str(hint.trim()) {
            Ok(id) => Ok(InstanceId(id)),
            Err(_) => Ok(self.resolve(hint).await?.instance_id),
        }
    }

    /// The instance that `hint` names: its id, its handle, or a part of its handle.
    ///
    /// # Errors
    ///
    /// `instance_not_found`, `ambiguous_instance` with the matches, and `store_*` errors.
    pub async fn instance(&self, hint: &str) -> Result<InstanceView> {
        Ok(InstanceView::at(&self.resolve(hint).await?, self.now()))
    }

    /// The instance that `hint` names.
    pub(super) async fn resolve(&self, hint: &str) -> Result<Instance> {
        let text = hint.trim();
        if text.is_empty() {
            return Err(Error::new(
                Code::InvalidArgument,
                "instance_id is empty",
                "name an instance by its id, its handle, or a part of its handle",
            )
            .at("instance_id"));
        }
        let by_id = Uuid::parse_str(text).map(|id| InstanceHint::Id(InstanceId(id)));
        let hint = by_id.unwrap_or_else(|_| InstanceHint::Handle(text.to_owned()));
        let mut found = self.store.find_instances(&hint, MATCHES).await?;
        match found.len() {
            1 => Ok(found.remove(0)),
            0 if self.is_empty().await => Err(none_yet(text)),
            0 => Err(not_found(text)),
            _ => Err(self.ambiguous(text, &found)),
        }
    }

    /// Whether the store is known to have no instance.
    async fn is_empty(&self) -> bool {
        let any = ListInstancesRequest { limit: Some(1), ..ListInstancesRequest::default() };
        self.list_instances(any).await.is_ok_and(|page| page.total_count == 0)
    }

    fn ambiguous(&self, hint: &str, found: &[Instance]) -> Error {
        let now = self.now();
        let views: Vec<_> = found.iter().map(|instance| InstanceView::at(instance, now)).collect();
        let handles: Vec<_> = views.iter().map(|view| view.handle.as_str()).collect();
        let more = if found.len() == MATCHES as usize { " and maybe more" } else { "" };
        Error::new(
            Code::AmbiguousInstance,
            format!("{hint:?} fits several instances: {}{more}", handles.join(", ")),
            "name one of them by its whole handle",
        )
        .at("instance_id")
        .with("matches", serde_json::json!(views))
    }
}

fn none_yet(hint: &str) -> Error {
    let mut error = not_found(hint);
    error.message.push_str(": the store has no instance yet");
    error.hint = "register an instance first, or look into another store".into();
    error
}

pub(super) fn not_found(hint: &str) -> Error {
    let shown = shown(hint, 80);
    Error::new(
        Code::InstanceNotFound,
        format!("no instance has the id or handle {shown:?}"),
        "register the instance first, or list the instances to find its id or handle",
    )
    .at("instance_id")
}
