//! The transport of stdio: one JSON-RPC message a line.
//!
//! Beyond rmcp's own it answers lines that cannot be read, answers a last line without its line
//! feed, and at the end of its input or of the server waits for the calls that are under way.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rmcp::RoleServer;
use rmcp::model::JsonRpcMessage;
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, BufWriter};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use super::calls::Calls;
use super::{MESSAGE_BYTES, READ_BYTES, message, turns};

/// Lines that wait for the writer; more make the answering calls wait.
const OUTGOING: usize = 256;
/// How long a peer may leave its last answers unread.
const FLUSH_TIME: Duration = Duration::from_secs(2);

/// How a connection ends.
pub(super) struct Ends {
    /// Cancelled to end the connection.
    pub(super) stop: CancellationToken,
    /// Cancelled at the end, however it comes, to end what would go on for ever.
    pub(super) closing: CancellationToken,
    /// Cancelled when nobody will read an answer any more, to end the calls that would give one.
    pub(super) unread: CancellationToken,
}

/// Messages as lines over a reader and a writer.
pub(super) struct Lines<R> {
    reader: BufReader<R>,
    line: Vec<u8>,
    /// The line passed [`READ_BYTES`]; its rest is dropped.
    overlong: bool,
    /// The answer to an unreadable line, until it is handed to the writer.
    refusal: Option<Vec<u8>>,
    outgoing: Option<mpsc::Sender<Vec<u8>>>,
    writer: JoinHandle<()>,
    calls: Arc<Calls>,
    ends: Ends,
    /// How long calls may go on at the end, and, once it has come, until when.
    grace: Duration,
    end: Option<Instant>,
}

impl<R: AsyncRead + Send + Unpin> Lines<R> {
    /// A transport that ends with its input, when its peer reads no more, or after `ends.stop`; in
    /// any case calls under way have `grace` to be answered.
    pub(super) fn new(
        reader: R,
        writer: impl AsyncWrite + Send + Unpin + 'static,
        ends: Ends,
        grace: Duration,
    ) -> Self {
        let (outgoing, lines) = mpsc::channel(OUTGOING);
        Self {
            reader: BufReader::new(reader),
            line: Vec::new(),
            overlong: false,
            refusal: None,
            outgoing: Some(outgoing),
            writer: tokio::spawn(write_lines(writer, lines)),
            calls: Arc::default(),
            ends,
            grace,
            end: None,
        }
    }

    /// The next message. Unreadable lines are answered on the way. Nothing is lost when the future
    /// is dropped and made again, as rmcp does.
    async fn next(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        loop {
            let outgoing = self.outgoing.as_ref()?;
            if self.refusal.is_some() {
                let place = outgoing.reserve().await.ok()?;
                place.send(self.refusal.take()?);
            }
            let more = tokio::select! {
                biased;
                () = self.ends.stop.cancelled() => return None,
                () = outgoing.closed() => return None,
                more = read_line(&mut self.reader, &mut self.line, &mut self.overlong) => more,
            };
            let message = self.take_line();
            if message.is_some() {
                return message;
            }
            if !more && self.refusal.is_none() {
                return None;
            }
        }
    }

    /// Takes the line as a message, or notes the refusal to send for it.
    fn take_line(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        let line = self.line.trim_ascii();
        let refusal = if std::mem::take(&mut self.overlong) {
            message::too_large(&[])
        } else if line.is_empty() {
            self.line.clear();
            return None;
        } else if line.len() > MESSAGE_BYTES {
            message::too_large(line)
        } else {
            match (message::folded(line), serde_json::from_slice(line)) {
                (None, Ok(message)) => {
                    self.line.clear();
                    return Some(message);
                }
                (Some(refusal), _) => refusal,
                (None, Err(_)) => message::unreadable(line),
            }
        };
        self.line = Vec::new(); // an overlong line leaves no large buffer behind
        self.refusal = Some(one_line(&refusal));
        None
    }
}

impl<R: AsyncRead + Send + Unpin> Transport<RoleServer> for Lines<R> {
    type Error = io::Error;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let (outgoing, calls) = (self.outgoing.clone(), Arc::clone(&self.calls));
        let unread = self.ends.unread.clone();
        async move {
            let answered = match &message {
                JsonRpcMessage::Response(response) => Some(response.id.clone()),
                JsonRpcMessage::Error(error) => error.id.clone(),
                JsonRpcMessage::Request(_) | JsonRpcMessage::Notification(_) => None,
            };
            let is_large = turns::is_large_message(&message);
            let sent = match outgoing.filter(|outgoing| !outgoing.is_closed()) {
                Some(outgoing) => {
                    let readers = outgoing.clone();
                    let write = move || {
                        // Looked at when it is its turn.
                        let is_read = !readers.is_closed() && !unread.is_cancelled();
                        is_read.then(|| serde_json::to_vec(&message)).transpose()
                    };
                    match turns::LINES.take(is_large, write).await? {
                        Some(mut line) => {
                            line.push(b'\n');
                            outgoing.send(line).await.is_ok()
                        }
                        None => false,
                    }
                }
                None => false,
            };
            if let Some(id) = answered {
                calls.ended(&id);
            }
            if sent { Ok(()) } else { Err(io::ErrorKind::BrokenPipe.into()) }
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        if self.end.is_none() {
            let message = self.next().await;
            match &message {
                Some(message) => self.calls.note(message),
                None => {
                    self.end = Some(Instant::now() + self.grace);
                    self.ends.closing.cancel();
                }
            }
            if message.is_some() {
                return message;
            }
        }
        let end = self.end?;
        let unread = async {
            if let Some(outgoing) = &self.outgoing {
                outgoing.closed().await;
            }
        };
        tokio::select! {
            ended = timeout_at(end, self.calls.none()) => if ended.is_err() {
                tracing::warn!("some calls were not answered in time");
            },
            () = unread => {} // nobody is left to answer
        }
        self.ends.unread.cancel();
        None
    }

    async fn close(&mut self) -> io::Result<()> {
        self.outgoing = None; // the writer ends when it has written what waits
        timeout(FLUSH_TIME, &mut self.writer).await.ok();
        Ok(())
    }
}

/// Reads on until a line feed. False at the end of the input, with what came before it in `line`.
/// May be dropped and called again.
async fn read_line(
    reader: &mut BufReader<impl AsyncRead + Unpin>,
    line: &mut Vec<u8>,
    overlong: &mut bool,
) -> bool {
    loop {
        let bytes = match reader.fill_buf().await {
            Ok([]) => return false,
            Ok(bytes) => bytes,
            Err(error) => {
                tracing::error!(%error, "cannot read the input");
                return false;
            }
        };
        let feed = bytes.iter().position(|byte| *byte == b'\n');
        let taken = feed.map_or(bytes.len(), |at| at + 1);
        if line.len() + taken > READ_BYTES {
            *overlong = true;
        }
        if *overlong {
            *line = Vec::new();
        } else {
            line.extend_from_slice(&bytes[..taken]);
        }
        reader.consume(taken);
        if feed.is_some() {
            return true;
        }
    }
}

/// Writes lines as they come; those that wait together are flushed together.
async fn write_lines(writer: impl AsyncWrite + Send + Unpin, mut lines: mpsc::Receiver<Vec<u8>>) {
    let mut writer = BufWriter::new(writer);
    while let Some(line) = lines.recv().await {
        let mut written = writer.write_all(&line).await;
        while let (Ok(()), Ok(line)) = (&written, lines.try_recv()) {
            written = writer.write_all(&line).await;
        }
        if let Err(error) = match written {
            Ok(()) => writer.flush().await,
            Err(error) => Err(error),
        } {
            tracing::debug!(%error, "the peer reads no more");
            return;
        }
    }
}

fn one_line(message: &Value) -> Vec<u8> {
    let mut line = message.to_string().into_bytes();
    line.push(b'\n');
    line
}
