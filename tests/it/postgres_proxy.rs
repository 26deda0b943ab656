//! A proxy before a PostgreSQL server that cuts connections around a COMMIT.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};

/// The message that asks for a COMMIT.
const COMMIT: &[u8] = b"COMMIT\0";

/// How often connections were cut.
#[derive(Debug, Default)]
pub struct Cuts {
    /// Before the server was asked to commit.
    pub before: AtomicU64,
    /// After it had answered, without its answer.
    pub after: AtomicU64,
    commits: AtomicU64,
}

/// Listens on a port of its own and hands on to the socket at `path`; every `every`th COMMIT is cut, in
/// turn before and after. Gives the port. Ends with the runtime.
pub async fn start(path: PathBuf, every: u64, cuts: Arc<Cuts>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = UnixStream::connect(&path).await.unwrap();
            tokio::spawn(pass(client, server, every, Arc::clone(&cuts)));
        }
    });
    port
}

async fn pass(client: TcpStream, server: UnixStream, every: u64, cuts: Arc<Cuts>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let (mut asked, mut answered) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        tokio::select! {
            read = from_client.read(&mut asked) => {
                let Ok(length @ 1..) = read else { return };
                let asked = &asked[..length];
                let commits = asked.windows(COMMIT.len()).any(|part| part == COMMIT);
                let cut = commits.then(|| cuts.commits.fetch_add(1, Ordering::Relaxed) + 1);
                let cut = cut.filter(|number| number % every == 0);
                if cut.is_some_and(|number| (number / every).is_multiple_of(2)) {
                    cuts.before.fetch_add(1, Ordering::Relaxed);
                    return;
                }
                if to_server.write_all(asked).await.is_err() {
                    return;
                }
                if cut.is_some() {
                    // The answers end with that to the COMMIT.
                    let done = |answer: &[u8]| answer.windows(COMMIT.len()).any(|part| part == COMMIT);
                    while let Ok(length @ 1..) = from_server.read(&mut answered).await {
                        if done(&answered[..length]) {
                            break;
                        }
                    }
                    cuts.after.fetch_add(1, Ordering::Relaxed);
                    return;
                }
            }
            read = from_server.read(&mut answered) => {
                let Ok(length @ 1..) = read else { return };
                if to_client.write_all(&answered[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
}
