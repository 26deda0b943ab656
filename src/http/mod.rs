//! HTTP: MCP at `/mcp`, and whether the server is up and ready.
//!
//! There are no tokens yet, so only loopback addresses are served, and only to programs of this
//! machine: see [`guard`]. How many connections there may be and how long a request may take to
//! arrive, [`Limits`] says. A client that is slow to read its answer is not disconnected.

mod answer;
mod body;
mod connections;
mod guard;
mod health;
mod limits;
mod mcp;
mod router;
mod shutdown;

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::domain::error::{Code, Error, Result};
use crate::mcp::{Lifecycle, Server};

pub use limits::Limits;
pub use shutdown::on_signal;

/// How long calls under way may go on after the signal to stop.
const GRACE: Duration = Duration::from_secs(10);

/// How long, when no call is under way any more, clients may take to send the rest of a request or to
/// read the rest of an answer.
const REST: Duration = Duration::from_secs(2);

/// Listens on `address`, such as `127.0.0.1:8081` or `localhost:0`.
///
/// # Errors
///
/// `invalid_argument` where the address is none, is not a loopback address, or is taken.
pub async fn bind(address: &str) -> Result<TcpListener> {
    let refused = |message: String, hint: String| {
        Error::new(Code::InvalidArgument, message, hint).at("listen")
    };
    let addresses: Vec<SocketAddr> = match tokio::net::lookup_host(address).await {
        Ok(addresses) => addresses.collect(),
        Err(error) => {
            let port = address.parse().unwrap_or(8081_u16);
            return Err(refused(
                format!("cannot read {address:?} as an address to listen on: {error}"),
                format!("give a host and a port, such as 127.0.0.1:{port}"),
            ));
        }
    };
    addresses.iter().try_for_each(loopback_only)?;
    TcpListener::bind(addresses.as_slice()).await.map_err(|error| {
        let port = addresses.first().map_or(0, SocketAddr::port);
        match error.kind() {
            ErrorKind::AddrInUse => refused(
                format!("port {port} is in use: another program listens on {address}"),
                format!(
                    "perhaps `annals serve` runs already: then use that one; else stop the other \
                     program, or choose another port, such as --listen 127.0.0.1:{}",
                    if port < u16::MAX { port + 1 } else { 8081 }
                ),
            ),
            ErrorKind::PermissionDenied => refused(
                format!("this user may not listen on port {port}"),
                "choose a port from 1024 on, such as --listen 127.0.0.1:8081".into(),
            ),
            _ => refused(
                format!("cannot listen on {address}: {error}"),
                "choose an address of this machine, such as --listen 127.0.0.1:8081".into(),
            ),
        }
    })
}

/// Serves until `stop` is cancelled, then takes no more connections, lets calls under way end, at most
/// 10 seconds, and shuts the service down. A client that is slow to send its request or to read its
/// answer is waited for 2 seconds.
///
/// # Errors
///
/// `invalid_argument` where the listener is not on a loopback address.
pub async fn serve<S: Lifecycle>(
    listener: TcpListener,
    server: Server<S>,
    limits: Limits,
    stop: CancellationToken,
) -> Result<()> {
    let address = listener.local_addr().map_err(|error| {
        Error::new(Code::InvalidArgument, error.to_string(), "give a bound listener").at("listen")
    })?;
    loopback_only(&address)?;
    let service = server.service().clone();
    let calls = TaskTracker::new();
    let router = router::router(server.until(stop.clone()), limits.body, calls.clone());
    tokio::select! {
        () = connections::serve(listener, router, limits, stop.clone()) => {}
        () = out_of_time(&calls, &stop) => {}
    }
    service.shutdown().await;
    Ok(())
}

/// Returns when, after `stop`, nothing is to be waited for any more.
async fn out_of_time(calls: &TaskTracker, stop: &CancellationToken) {
    stop.cancelled().await;
    calls.close();
    let ended = async {
        calls.wait().await;
        sleep(REST).await;
        // Those that arrived meanwhile.
        calls.wait().await;
    };
    match timeout(GRACE, ended).await {
        Ok(()) => tracing::warn!("some clients neither sent a whole request nor read their answer"),
        Err(_) => tracing::warn!("some calls were not answered in time"),
    }
}

fn loopback_only(address: &SocketAddr) -> Result<()> {
    if address.ip().to_canonical().is_loopback() {
        return Ok(());
    }
    Err(Error::new(
        Code::InvalidArgument,
        format!(
            "{address} is not a loopback address: access tokens are not available yet, so Annals \
             listens on loopback addresses only"
        ),
        "listen on 127.0.0.1 or [::1]; from another machine, reach it through an SSH tunnel",
    )
    .at("listen"))
}
