//! Refusals outside of tool calls: protocol errors that carry the refusal as their `data`.

use rmcp::model::ErrorData;

use crate::domain::error::{Class, Error};
use crate::service::without_secrets;

/// A refusal as a protocol error: invalid params where the caller can mend it, else internal.
pub(super) fn error_data(refusal: &Error) -> ErrorData {
    let refusal = without_secrets(refusal.clone());
    let (message, data) = (refusal.message.clone(), Some(refusal.to_json()));
    match refusal.code.class() {
        Class::Invalid | Class::NotFound | Class::Conflict => {
            ErrorData::invalid_params(message, data)
        }
        Class::Unavailable | Class::Failed => ErrorData::internal_error(message, data),
    }
}
