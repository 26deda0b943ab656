//! A tool: what the client is told about it, and the call.

use std::pin::Pin;

use rmcp::model::{JsonObject, ToolAnnotations};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{arguments, schema};
use crate::domain::error::{Code, Error, Result};

/// What a call does to the store, for the annotations by which clients decide whether to ask first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    Reads,
    /// Adds events; the same call made twice adds twice.
    Adds,
    /// Adds events; the same call made again adds nothing.
    AddsOnce,
}

impl Effect {
    fn annotations(self) -> ToolAnnotations {
        let closed = ToolAnnotations::new().open_world(false);
        match self {
            Effect::Reads => closed.read_only(true),
            Effect::Adds | Effect::AddsOnce => {
                closed.read_only(false).destructive(false).idempotent(self == Effect::AddsOnce)
            }
        }
    }
}

type Answering = Pin<Box<dyn Future<Output = Result<Value>> + Send>>;

/// A tool over a service `S`.
pub struct Tool<S> {
    pub(super) definition: rmcp::model::Tool,
    pub(super) effect: Effect,
    call: Box<dyn Fn(S, JsonObject) -> Answering + Send + Sync>,
}

impl<S> Tool<S> {
    /// The name by which clients call the tool.
    pub fn name(&self) -> &str {
        &self.definition.name
    }

    /// Calls the tool. The answer is a JSON object.
    ///
    /// # Errors
    ///
    /// `invalid_argument` where the arguments do not fit, else what the service refuses.
    pub(super) async fn call(&self, service: S, arguments: JsonObject) -> Result<Value> {
        (self.call)(service, arguments).await
    }
}

/// A tool that reads its arguments as `Req`, calls `handler` and answers with an `Ans`. The schemas
/// come from the two types.
pub fn tool<S, Req, Ans, Fut>(
    name: &'static str,
    title: &'static str,
    description: &'static str,
    effect: Effect,
    handler: impl Fn(S, Req) -> Fut + Send + Sync + 'static,
) -> Tool<S>
where
    Req: DeserializeOwned + JsonSchema,
    Ans: Serialize + JsonSchema,
    Fut: Future<Output = Result<Ans>> + Send + 'static,
{
    let input = schema::input::<Req>();
    let definition = rmcp::model::Tool::new(name, description, input.clone())
        .with_title(title)
        .with_raw_output_schema(schema::output::<Ans>().into())
        .with_annotations(effect.annotations());
    let input = Value::Object(input);
    let call = move |service, arguments| -> Answering {
        match arguments::read(&Value::Object(arguments), &input) {
            Ok(request) => {
                let answer = handler(service, request);
                Box::pin(async move { to_json(&answer.await?) })
            }
            Err(refusal) => Box::pin(std::future::ready(Err(refusal))),
        }
    };
    Tool { definition, effect, call: Box::new(call) }
}

/// An answer as JSON.
pub(super) fn to_json(answer: &impl Serialize) -> Result<Value> {
    serde_json::to_value(answer).map_err(|error| {
        Error::new(
            Code::Internal,
            format!("the answer could not be written as JSON: {error}"),
            "this is a fault of Annals: please report it",
        )
    })
}
