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

/// What a subscriber is told.
#[derive(Clone, Debug)]
pub(super) enum Telling {
    /// This changed.
    Changes(Arc<Changes>),
    /// Anything may have: the feed cannot be read from now on, or can be again.
    Anything,
}

/// What a subscriber hears. One that lags has missed tellings, but knows it.
pub(super) type Heard = Receiver<Telling>;

/// Reads the feed while there are subscribers.
pub(super) struct Teller {
    service: Service,
    running: Arc<Mutex<Option<WeakSender<Telling>>>>,
}

impl Teller {
    pub(super) fn new(service: Service) -> Self {
        Self { service, running: Arc::default() }
    }

    /// Tells of every change that is recorded after this returns. While the store cannot be read nothing
    /// can be told; that, and its end, is told as a change of everything: whoever reads learns why.
    ///
    /// # Errors
    ///
    /// `store_*` errors.
    pub(super) async fn subscribe(&self) -> Result<Heard> {
        let mut running = self.running.lock().await;
        let appended = self.service.appended();
        // Read even when others listen already: one that comes while nothing can be told is refused.
        let cursor = self.service.feed_cursor(None, 0).await?;
        if let Some(sender) = running.as_ref().and_then(WeakSender::upgrade) {
            return Ok(sender.subscribe());
        }
        let (sender, heard) = broadcast::channel(BACKLOG);
        *running = Some(sender.downgrade());
        let reading = Reading { service: self.service.clone(), cursor, sender };
        tokio::spawn(reading.run(appended, Arc::clone(&self.running)));
        Ok(heard)
    }
}

/// The task that reads the feed.
struct Reading {
    service: Service,
    cursor: String,
    sender: Sender<Telling>,
}

impl Reading {
    async fn run(
        mut self,
        mut appended: watch::Receiver<u64>,
        running: Arc<Mutex<Option<WeakSender<Telling>>>>,
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
        let mut is_interrupted = false;
        loop {
            match self.service.changes(self.cursor.clone()).await {
                Ok(changes) => {
                    if std::mem::take(&mut is_interrupted) {
                        self.send(Telling::Anything);
                    }
                    self.cursor.clone_from(&changes.cursor);
                    let has_more = changes.has_more;
                    if !changes.instances.is_empty() {
                        self.send(Telling::Changes(Arc::new(changes)));
                    }
                    if !has_more {
                        return;
                    }
                }
                Err(error) => {
                    if !std::mem::replace(&mut is_interrupted, true) {
                        tracing::warn!(%error, "subscribers cannot be told of changes");
                        self.send(Telling::Anything);
                    }
                    tokio::select! {
                        () = sleep(RETRY) => {}
                        () = self.sender.closed() => return,
                    }
                }
            }
        }
    }

    fn send(&self, telling: Telling) {
        // Without a receiver there is nobody to tell.
        let _ = self.sender.send(telling);
    }
}
