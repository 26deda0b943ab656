//! MCP over standard input and output.

use std::time::Duration;

use rmcp::model::{ClientNotification, ClientRequest, ErrorData, ServerConfig, ServerResult};
use rmcp::service::{
    NotificationContext, QuitReason, RequestContext, Service, serve_directly_with_ct,
};
use rmcp::{RoleServer, ServerHandler};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;

use super::lines::{Ends, Lines};
use super::refusal::{coded, error_data};
use super::{Lifecycle, Server};

/// How long calls under way may go on after the end of the input or a signal.
const GRACE: Duration = Duration::from_secs(10);

/// Serves one client over standard input and output until its input ends or `stop` is cancelled,
/// answers what is under way, then shuts the service down.
///
/// A read of standard input may remain that nothing can cancel: end the process with
/// [`std::process::exit`] after this returns.
pub async fn serve<S: Lifecycle>(server: Server<S>, stop: CancellationToken) {
    let (reader, writer) = rmcp::transport::stdio_pipes();
    serve_on(reader, writer, server, stop).await;
}

/// [`serve`] over any pair of streams.
pub async fn serve_on<S: Lifecycle>(
    reader: impl AsyncRead + Send + Unpin + 'static,
    writer: impl AsyncWrite + Send + Unpin + 'static,
    server: Server<S>,
    stop: CancellationToken,
) {
    let service = server.service().clone();
    let closing = CancellationToken::new();
    let unread = CancellationToken::new();
    let server =
        Connected { server: server.on_connection(closing.clone()), unread: unread.clone() };
    let lines = Lines::new(reader, writer, Ends { stop, closing, unread }, GRACE);
    // Without rmcp's handshake state: it would end the server on a notification that comes before
    // `initialize`, and refuse a client that goes on after a restart of this process.
    let running = serve_directly_with_ct(server, lines, None, CancellationToken::new());
    if let Ok(QuitReason::JoinError(error)) | Err(error) = running.waiting().await {
        tracing::error!(%error, "the MCP connection failed");
    }
    service.shutdown().await;
}

/// A server on a connection. Before it lets rmcp acknowledge a listener, it finds a place for that one,
/// and notes from where on it is to be told of changes. When nobody will read the answers any more, it
/// ends calls that read; rmcp itself first waits for them. Each protocol error gets a stable code.
struct Connected<S> {
    server: Server<S>,
    unread: CancellationToken,
}

impl<S: Lifecycle> Service<RoleServer> for Connected<S> {
    async fn handle_request(
        &self,
        request: ClientRequest,
        mut context: RequestContext<RoleServer>,
    ) -> Result<ServerResult, ErrorData> {
        if matches!(request, ClientRequest::SubscriptionsListenRequest(_)) {
            let beginning = self.server.beginning().await;
            if let Some(beginning) = beginning.map_err(|refused| error_data(&refused))? {
                context.extensions.insert(beginning);
            }
        }
        let cancel = context.ct.clone();
        let answering = self.server.handle_request(request, context);
        tokio::pin!(answering);
        let answer = tokio::select! {
            answer = &mut answering => answer,
            () = self.unread.cancelled() => {
                cancel.cancel();
                answering.await
            }
        };
        answer.map_err(coded)
    }

    async fn handle_notification(
        &self,
        notification: ClientNotification,
        context: NotificationContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.server.handle_notification(notification, context).await
    }

    fn get_info(&self) -> ServerConfig {
        ServerHandler::get_info(&self.server)
    }
}
