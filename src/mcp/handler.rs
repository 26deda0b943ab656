//! The methods of the protocol, as rmcp hands them on.

use std::sync::Arc;

use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CallToolResult, CompleteRequestMethod,
    CompleteRequestParams, CompleteResult, ConstString, CustomRequest, CustomResult,
    DiscoverResult, ErrorCode, ErrorData, GetPromptRequestMethod, GetPromptRequestParams,
    GetPromptResponse, InitializeRequestParams, InitializeResult, ListPromptsRequestMethod,
    ListPromptsResult, ListResourceTemplatesRequestMethod, ListResourceTemplatesResult,
    ListResourcesRequestMethod, ListResourcesResult, ListToolsResult, PaginatedRequestParams,
    ReadResourceRequestMethod, ReadResourceRequestParams, ReadResourceResponse, ServerConfig,
    SubscribeRequestMethod, SubscribeRequestParams, SubscriptionFilter, UnsubscribeRequestMethod,
    UnsubscribeRequestParams,
};
use rmcp::service::{RequestContext, SubscriptionContext};
use rmcp::{RoleServer, ServerHandler};
use serde_json::Value;

use super::server::{Content, LIST_TTL_MS};
use super::subscriptions::Wanted;
use super::{
    Lifecycle, Server, completions, prompts, refusal, resources, running, subscriptions, turns,
};
use crate::service::without_secrets;

type Answered<T> = std::result::Result<T, ErrorData>;

impl<S: Lifecycle> Server<S> {
    fn content<M: ConstString>(&self) -> Answered<&Arc<Content>> {
        self.content.as_ref().ok_or_else(ErrorData::method_not_found::<M>)
    }
}

/// Whether the request is of the era of 2026-07-28.
fn is_modern(context: &RequestContext<RoleServer>) -> bool {
    context.protocol_version().is_some_and(|version| !version.has_initialize())
}

fn no_method(method: &str) -> ErrorData {
    ErrorData::new(ErrorCode::METHOD_NOT_FOUND, format!("there is no method {method}"), None)
}

/// A list that is one page has no cursor.
fn one_page(request: Option<PaginatedRequestParams>, what: &str) -> Answered<()> {
    if request.is_some_and(|request| request.cursor.is_some()) {
        let message = format!("unknown cursor: the {what} are one page");
        return Err(ErrorData::invalid_params(message, None));
    }
    Ok(())
}

impl<S: Lifecycle> ServerHandler for Server<S> {
    /// What 2026-07-28 is told, over either transport. For `initialize` see there.
    fn get_info(&self) -> ServerConfig {
        self.info(true)
    }

    async fn initialize(
        &self,
        mut request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Answered<InitializeResult> {
        let mut result = self.negotiate_initialize(&request)?;
        result.capabilities = self.info(self.connection.is_some()).capabilities;
        // Later requests are answered in the form of the version that was agreed on.
        request.protocol_version = result.protocol_version.clone();
        context.peer.set_peer_info(request);
        Ok(result)
    }

    async fn discover(&self, _: RequestContext<RoleServer>) -> Answered<DiscoverResult> {
        let versions = self.supported_protocol_versions().into_owned();
        let mut result = DiscoverResult::from_server_info(versions, self.get_info());
        result.ttl_ms = LIST_TTL_MS;
        result.cache_scope = CacheScope::Public;
        Ok(result)
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Answered<ListToolsResult> {
        one_page(request, "tools")?;
        let mut result = ListToolsResult::with_all_items(self.definitions());
        if is_modern(&context) {
            result.ttl_ms = Some(LIST_TTL_MS);
            result.cache_scope = Some(CacheScope::Public);
        }
        Ok(result)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Answered<CallToolResponse> {
        let index = self.index_of(&request.name)?;
        let arguments = request.arguments.unwrap_or_default();
        // Either constructor sets the text content to the compact JSON of the same value.
        let called = self.call(index, arguments, &context).await;
        let is_large = called.as_ref().is_ok_and(turns::is_large_value);
        let result = match called {
            Ok(answer) => {
                let cancelled = context.ct.clone();
                let write = move || match cancelled.is_cancelled() {
                    true => CallToolResult::default(), // nobody will read it
                    false => CallToolResult::structured(answer),
                };
                turns::COPIES.take(is_large, write).await
            }
            Err(refusal) => CallToolResult::structured_error(without_secrets(refusal).to_json()),
        };
        Ok(result.into())
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Answered<ListResourcesResult> {
        let content = self.content::<ListResourcesRequestMethod>()?;
        if !is_modern(&context)
            && let Some(connection) = &self.connection
        {
            // From now on the client has a list that can change.
            let listening = connection.want_list(&content.teller, &context.peer).await;
            listening.map_err(|refused| refusal::error_data(&refused))?;
        }
        let (service, cursor) = (content.service.clone(), request.and_then(|page| page.cursor));
        let listing = async move { resources::list(&service, cursor).await };
        let listed = running::run("resources/list", Some(&context.ct), listing).await;
        listed.map_err(|refused| refusal::error_data(&refused))
    }

    async fn list_resource_templates(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Answered<ListResourceTemplatesResult> {
        self.content::<ListResourceTemplatesRequestMethod>()?;
        one_page(request, "templates")?;
        Ok(resources::templates(is_modern(&context)))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Answered<ReadResourceResponse> {
        let service = self.content::<ReadResourceRequestMethod>()?.service.clone();
        let reading = resources::read(service, request.uri.clone());
        let read = running::run("resources/read", Some(&context.ct), reading).await;
        read.map(Into::into).map_err(|refused| resources::unread(refused, &request.uri))
    }

    async fn list_prompts(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Answered<ListPromptsResult> {
        self.content::<ListPromptsRequestMethod>()?;
        one_page(request, "prompts")?;
        Ok(prompts::list(is_modern(&context)))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Answered<GetPromptResponse> {
        let service = self.content::<GetPromptRequestMethod>()?.service.clone();
        let getting = prompts::get(service, request);
        let got = running::run("prompts/get", Some(&context.ct), getting).await;
        got.map(Into::into).map_err(|refused| refusal::error_data(&refused))
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Answered<CompleteResult> {
        let service = self.content::<CompleteRequestMethod>()?.service.clone();
        let completing = completions::complete(service, request);
        let completed = running::run("completion/complete", Some(&context.ct), completing).await;
        completed.map(CompleteResult::new).map_err(|refused| refusal::error_data(&refused))
    }

    /// Only over a connection that lasts: over HTTP, which is served without sessions, nothing of
    /// the older eras could carry the news.
    async fn subscribe(
        &self,
        request: SubscribeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Answered<()> {
        let content = self.content::<SubscribeRequestMethod>()?;
        let Some(connection) = &self.connection else {
            return Err(ErrorData::method_not_found::<SubscribeRequestMethod>());
        };
        let subscribed = connection.subscribe(content, request.uri.clone(), &context.peer).await;
        subscribed.map_err(|refused| resources::unread(refused, &request.uri))
    }

    async fn unsubscribe(
        &self,
        request: UnsubscribeRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Answered<()> {
        let Some(connection) = self.content.as_ref().and(self.connection.as_ref()) else {
            return Err(ErrorData::method_not_found::<UnsubscribeRequestMethod>());
        };
        connection.unsubscribe(&request.uri).await;
        Ok(())
    }

    fn accepted_subscription_filter(
        &self,
        requested: &SubscriptionFilter,
    ) -> Option<SubscriptionFilter> {
        self.content.as_ref().map(|_| Wanted::accepted(requested))
    }

    async fn listen(&self, context: SubscriptionContext) -> Answered<()> {
        let ended = subscriptions::listen(&context, &self.closing).await;
        ended.map_err(|refused| refusal::error_data(&refused))
    }

    /// Also reached by a request of a known method whose `params` do not fit.
    async fn on_custom_request(
        &self,
        request: CustomRequest,
        context: RequestContext<RoleServer>,
    ) -> Answered<CustomResult> {
        let CustomRequest { method, params, .. } = request;
        let has_handshake =
            context.protocol_version().is_none_or(|version| version.has_initialize());
        let wanted = match method.as_str() {
            "tools/call" => "{name: string, arguments?: object}",
            "tools/list" => "{cursor?: string}",
            "initialize" if has_handshake => {
                "{protocolVersion: string, capabilities: object, clientInfo: object}"
            }
            _ if self.content.is_none() => return Err(no_method(&method)),
            "resources/list" | "resources/templates/list" | "prompts/list" => "{cursor?: string}",
            "resources/read" => "{uri: string}",
            "resources/subscribe" | "resources/unsubscribe" if has_handshake => "{uri: string}",
            "prompts/get" => "{name: string, arguments?: object}",
            "completion/complete" => {
                "{ref: {type: \"ref/resource\", uri: string} or {type: \"ref/prompt\", name: \
                 string}, argument: {name: string, value: string}}"
            }
            "subscriptions/listen" if !has_handshake => {
                "{notifications: {resourcesListChanged?: boolean, resourceSubscriptions?: [string]}}"
            }
            _ => return Err(no_method(&method)),
        };
        let found = params.as_ref().map_or("absent", |params| match params {
            Value::Object(_) => "an object that does not fit",
            _ => "no object",
        });
        let message = format!("the params of {method} must be {wanted}; they are {found}");
        Err(ErrorData::invalid_params(message, None))
    }
}
