//! Turns at writing large answers as JSON, which takes long without a pause. They are written beside the
//! threads that serve connections, and few at once, so that these notice meanwhile that a client is gone.

use std::panic::resume_unwind;

use rmcp::RoleServer;
use rmcp::model::{ContentBlock, JsonRpcMessage, ServerResult};
use rmcp::service::TxJsonRpcMessage;
use serde_json::Value;
use tokio::sync::Semaphore;

/// Bytes from which on an answer is large; a smaller one is written sooner than handed over.
const LARGE: usize = 64 * 1024;

/// The turns of one step.
pub(super) struct Turns(Semaphore);

/// Making the text copy of an answer.
pub(super) static COPIES: Turns = Turns(Semaphore::const_new(AT_ONCE));

/// Writing a message as a line. Steps of their own, so that the first answer need not wait for the
/// copies of all others.
pub(super) static LINES: Turns = Turns(Semaphore::const_new(AT_ONCE));

/// Large answers that are in one step at once.
const AT_ONCE: usize = 2;

impl Turns {
    /// Does `work`: at once, or, for a large answer, when it has its turn.
    pub(super) async fn take<T: Send + 'static>(
        &self,
        is_large: bool,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> T {
        if !is_large {
            return work();
        }
        let _turn = self.0.acquire().await.expect("the semaphore is never closed");
        match tokio::task::spawn_blocking(work).await {
            Ok(done) => done,
            Err(fault) => match fault.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                // The runtime is ending, and this task with it.
                Err(_) => std::future::pending().await,
            },
        }
    }
}

/// Whether a value is large as JSON.
pub(super) fn is_large_value(value: &Value) -> bool {
    !fits(value, &mut LARGE.clone())
}

/// Takes the size of the value from what is left; false when that was not enough.
fn fits(value: &Value, left: &mut usize) -> bool {
    let own = match value {
        Value::String(text) => text.len() + 2,
        _ => 8,
    };
    let Some(rest) = left.checked_sub(own) else { return false };
    *left = rest;
    match value {
        Value::Array(values) => values.iter().all(|value| fits(value, left)),
        Value::Object(fields) => fields.values().all(|value| fits(value, left)),
        _ => true,
    }
}

/// Whether a message is large: whether it has a large text.
pub(super) fn is_large_message(message: &TxJsonRpcMessage<RoleServer>) -> bool {
    let JsonRpcMessage::Response(response) = message else { return false };
    let ServerResult::CallToolResult(result) = &response.result else { return false };
    result.content.iter().any(|content| match content {
        ContentBlock::Text(text) => text.text.len() >= LARGE,
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_is_large_by_its_texts_and_by_its_parts() {
        assert!(!is_large_value(&json!({"a": "x".repeat(LARGE / 2), "b": [1, 2, 3]})));
        assert!(is_large_value(&json!({"a": ["x".repeat(LARGE / 2), "x".repeat(LARGE / 2)]})));
        assert!(is_large_value(&json!(vec![0; LARGE])));
    }
}
