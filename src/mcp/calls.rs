//! The calls of one connection that are under way.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rmcp::RoleServer;
use rmcp::model::{ClientNotification, JsonRpcMessage, RequestId};
use rmcp::service::RxJsonRpcMessage;
use tokio::sync::Notify;

/// The calls that were received and neither answered nor cancelled.
#[derive(Default)]
pub(super) struct Calls {
    open: Mutex<HashSet<RequestId>>,
    ended: Notify,
}

impl Calls {
    /// Takes note of a message of the peer.
    pub(super) fn note(&self, message: &RxJsonRpcMessage<RoleServer>) {
        match message {
            JsonRpcMessage::Request(request) => {
                self.open().insert(request.id.clone());
            }
            JsonRpcMessage::Notification(notification) => {
                // A cancelled call gets no answer.
                if let ClientNotification::CancelledNotification(cancelled) =
                    &notification.notification
                    && let Some(id) = &cancelled.params.request_id
                {
                    self.ended(id);
                }
            }
            JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_) => {}
        }
    }

    /// The call was answered, or needs no answer any more.
    pub(super) fn ended(&self, id: &RequestId) {
        self.open().remove(id);
        self.ended.notify_waiters();
    }

    /// Waits until there is no such call.
    pub(super) async fn none(&self) {
        loop {
            let ended = self.ended.notified();
            if self.open().is_empty() {
                return;
            }
            ended.await;
        }
    }

    fn open(&self) -> MutexGuard<'_, HashSet<RequestId>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
