//! Reading the body of a request within limits of size and time.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use tokio::time::timeout;

use crate::mcp::{MESSAGE_BYTES, READ_BYTES};

/// Why a body was not read.
#[derive(Debug)]
pub(super) enum Unread {
    /// It has more bytes than [`MESSAGE_BYTES`].
    TooLarge,
    /// It did not arrive within this time.
    TooSlow(Duration),
    /// The connection failed.
    Broken(axum::Error),
}

/// Reads a whole body, which must arrive within `time`.
pub(super) async fn read(body: Body, time: Duration) -> Result<Bytes, Unread> {
    timeout(time, collect(body)).await.unwrap_or(Err(Unread::TooSlow(time)))
}

/// Of a body that is too large, more is read, without keeping it: a client that is still sending
/// would not see the answer.
async fn collect(mut body: Body) -> Result<Bytes, Unread> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let mut read = 0;
    let mut bytes = Vec::with_capacity(announced.min(MESSAGE_BYTES));
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let Ok(data) = frame.map_err(Unread::Broken)?.into_data() else { continue };
        read += data.len();
        if read <= MESSAGE_BYTES {
            bytes.extend_from_slice(&data);
        } else if read <= READ_BYTES {
            bytes = Vec::new();
        } else {
            break;
        }
    }
    if read > MESSAGE_BYTES { Err(Unread::TooLarge) } else { Ok(bytes.into()) }
}
