//! Tells subscribers what changed. The feed is read once for all of them, and not at all while there
//! are none.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast::{self, Receiver, Sender, WeakSender};
use tokio::sync::{Mutex, watch};
use tokio::time::sleep;

use crate::domain::error::Result;
use crate::service::{Changes, Service};

/// How many tellings a subscriber may be behind before it is told that anything may have changed.
const BACKLOG: usize = 64;
/// How long to wait after the feed could not be read.
const RETRY: Duration = Duration::from_secs(1);

/// What a subscriber hears. One that lags has missed tellings, but knows it.
pub(super) type Heard = Receiver<Arc<Changes>>;

/// Reads the feed while there are subscribers.
pub(super) struct Teller {
    service: Service,
    running: Arc<Mutex<Option<WeakSender<Arc<Changes>>>>>,
}

impl Teller {
    pub(super) fn new(service: Service) -> Self {
        Self { service, running: Arc::default() }
    }

    /// Tells of every change that is recorded after this returns.
    ///
    /// # Errors
    ///
    /// `store_*` errors.
    pub(super) async fn subscribe(&self) -> Result<Heard> {
        let mut running = self.running.lock().await;
        if let Some(sender) = running.as_ref().and_then(WeakSender::upgrade) {
            return Ok(sender.subscribe());
        }
        let appended = self.service.appended();
        let cursor = self.service.feed_cursor(None, 0).await?;
        let (sender, heard) = broadcast::channel(BACKLOG);
        *running = Some(sender.downgrade());
        let telling = Telling { service: self.service.clone(), cursor, sender };
        tokio::spawn(telling.run(appended, Arc::clone(&self.running)));
        Ok(heard)
    }
}

/// The task that reads the feed.
struct Telling {
    service: Service,
    cursor: String,
    sender: Sender<Arc<Changes>>,
}

impl Telling {
    async fn run(
        mut self,
        mut appended: watch::Receiver<u64>,
        running: Arc<Mutex<Option<WeakSender<Arc<Changes>>>>>,
    ) {
        loop {
            tokio::select! {
                () = self.sender.closed() => {
                    let mut running = running.lock().await;
                    // Somebody may have come meanwhile; nobody can come now.
                    if self.sender.receiver_count() == 0 {
                        *running = None;
                        return;
                    }
                }
                changed = appended.changed() => match changed {
                    Ok(()) => self.tell().await,
                    Err(_) => return, // the store is gone
                },
            }
        }
    }

    /// Tells of what the feed has, to its present end or until nobody listens.
    async fn tell(&mut self) {
        loop {
            match self.service.changes(self.cursor.clone()).await {
                Ok(changes) => {
                    self.cursor.clone_from(&changes.cursor);
                    let has_more = changes.has_more;
                    if !changes.instances.is_empty() {
                        // Without a receiver there is nobody to tell.
                        let _ = self.sender.send(Arc::new(changes));
                    }
                    if !has_more {
                        return;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "subscribers cannot be told of changes at the moment");
                    tokio::select! {
                        () = sleep(RETRY) => {}
                        () = self.sender.closed() => return,
                    }
                }
            }
        }
    }
}
