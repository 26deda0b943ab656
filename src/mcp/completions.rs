//! Completions: the values that an argument of a prompt or of a resource template may take.

use rmcp::model::{CompleteRequestParams, CompletionInfo, Reference};

use super::prompts;
use super::resources::address::{
    EVENTS_TEMPLATE, INSTANCE_TEMPLATE, STATE_TEMPLATE, TYPE_TEMPLATE,
};
use crate::domain::error::{Code, Error, Result};
use crate::service::{ListEventTypesRequest, Service, text_without_secrets};

/// The values of the argument that go with what was typed. None for an argument whose values cannot
/// be listed.
///
/// # Errors
///
/// `invalid_argument` for an unknown prompt, template or argument, and `store_*` errors.
pub(super) async fn complete(
    service: Service,
    request: CompleteRequestParams,
) -> Result<CompletionInfo> {
    let typed = request.argument.value.as_str();
    let (values, has_more) = match (&request.r#ref, request.argument.name.as_str()) {
        (Reference::Prompt(prompt), prompts::INSTANCE) if prompt.name == prompts::RESUME => {
            handles(&service, typed).await?
        }
        (Reference::Resource(template), name) => match (template.uri.as_str(), name) {
            (INSTANCE_TEMPLATE | EVENTS_TEMPLATE | STATE_TEMPLATE, "id") => {
                handles(&service, typed).await?
            }
            (TYPE_TEMPLATE, "type") => event_types(&service, typed).await?,
            (EVENTS_TEMPLATE, "after" | "before") => (Vec::new(), false),
            (uri, name) => return Err(unknown(uri, name)),
        },
        (Reference::Prompt(prompt), name) => return Err(unknown(&prompt.name, name)),
        (other, name) => return Err(unknown(other.reference_type(), name)),
    };
    let total = u32::try_from(values.len()).ok().filter(|_| !has_more);
    CompletionInfo::with_pagination(values, total, has_more)
        .map_err(|error| Error::new(Code::Internal, error, "report this fault"))
}

async fn handles(service: &Service, typed: &str) -> Result<(Vec<String>, bool)> {
    service.handles_with(typed, CompletionInfo::MAX_VALUES as u32).await
}

/// Those that start with what was typed, then those that contain it, each in the catalogue's order.
async fn event_types(service: &Service, typed: &str) -> Result<(Vec<String>, bool)> {
    let typed = typed.trim().to_lowercase();
    let known = service.list_event_types(&ListEventTypesRequest::default()).await?.event_types;
    let fitting = known.into_iter().map(|entry| entry.event_type);
    let (mut first, rest): (Vec<String>, Vec<String>) =
        fitting.filter(|name| name.contains(&typed)).partition(|name| name.starts_with(&typed));
    first.extend(rest);
    let has_more = first.len() > CompletionInfo::MAX_VALUES;
    first.truncate(CompletionInfo::MAX_VALUES);
    Ok((first, has_more))
}

fn unknown(of: &str, argument: &str) -> Error {
    let shown = |text| text_without_secrets(text).chars().take(80).collect::<String>();
    Error::new(
        Code::InvalidArgument,
        format!("there is no argument {} of {}", shown(argument), shown(of)),
        format!(
            "complete `id` of {INSTANCE_TEMPLATE}, {EVENTS_TEMPLATE} or {STATE_TEMPLATE}, `type` of \
             {TYPE_TEMPLATE}, or `instance` of the prompt resume"
        ),
    )
    .at("ref")
}
