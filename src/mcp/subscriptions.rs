//! Subscriptions: telling clients which resources to read again.
//!
//! 2026-07-28 has `subscriptions/listen`, a request that goes on until either side ends it. The
//! older eras have `resources/subscribe`, which lasts as long as the connection. Either way an
//! update says only that a resource may have changed, and changes that come together are one update.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use rmcp::RoleServer;
use rmcp::model::{ResourceUpdatedNotificationParam, SubscriptionFilter};
use rmcp::service::{Peer, SubscriptionContext, SubscriptionSink};
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::resources::address::Address;
use super::server::Content;
use super::teller::{Heard, Teller, Telling};
use super::{Lifecycle, Server};
use crate::domain::error::{Code, Error, Result};
use crate::service::is_named;

/// The method of 2026-07-28.
pub(crate) const LISTEN: &str = "subscriptions/listen";

/// The most resources that one connection or listener hears of.
const RESOURCES: usize = 1_000;
/// The most listeners at once, of all connections. Over HTTP each holds a connection, so that places
/// must be left for calls.
pub(super) const LISTENERS: usize = 128;

/// What a client wants to hear of.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    resources: BTreeMap<String, Address>,
    list: bool,
}

impl Wanted {
    /// What of a filter is served: resources whose changes are told, and the list of resources.
    pub(super) fn accepted(requested: &SubscriptionFilter) -> SubscriptionFilter {
        let mut accepted = SubscriptionFilter::new();
        accepted.resources_list_changed = requested.resources_list_changed;
        let uris = requested.resource_subscriptions.iter().flatten();
        let uris = uris.filter(|uri| changing(uri).is_ok()).take(RESOURCES);
        accepted.resource_subscriptions = Some(uris.cloned().collect());
        accepted
    }

    fn of(accepted: &SubscriptionFilter) -> Self {
        let uris = accepted.resource_subscriptions.iter().flatten();
        let known = uris.filter_map(|uri| Some((uri.clone(), changing(uri).ok()?)));
        let list = accepted.resources_list_changed == Some(true);
        Self { resources: known.collect(), list }
    }

    fn is_empty(&self) -> bool {
        self.resources.is_empty() && !self.list
    }

    /// The resources that the news are about.
    fn touched(&self, news: &News) -> Vec<String> {
        let touched = self.resources.iter().filter(|(_, address)| match address.hint() {
            Some(hint) => news.names(hint),
            None => true,
        });
        touched.map(|(uri, _)| uri.clone()).collect()
    }
}

/// Reads the address of a resource whose changes are told: those that the feed tells of.
fn changing(uri: &str) -> Result<Address> {
    match Address::parse(uri)? {
        Address::Types | Address::Type(_) => Err(Error::new(
            Code::InvalidArgument,
            "changes of the event types are not told",
            "read them again when need be; subscribe to annals://instances or to an instance",
        )
        .at("uri")),
        address => Ok(address),
    }
}

/// What changed, of one or more tellings.
enum News {
    Of {
        instances: BTreeSet<(String, String)>,
        registered: bool,
    },
    /// Tellings were missed, or it was told so.
    Anything,
}

impl News {
    /// Waits for the next telling and adds those that wait behind it; none where no more come.
    async fn next(heard: &mut Heard) -> Option<Self> {
        let mut news = Self::Of { instances: BTreeSet::new(), registered: false };
        match heard.recv().await {
            Ok(telling) => news.add(&telling),
            Err(RecvError::Lagged(_)) => news = Self::Anything,
            Err(RecvError::Closed) => return None,
        }
        loop {
            match heard.try_recv() {
                Ok(telling) => news.add(&telling),
                Err(TryRecvError::Lagged(_)) => news = Self::Anything,
                Err(TryRecvError::Empty | TryRecvError::Closed) => return Some(news),
            }
        }
    }

    fn add(&mut self, telling: &Telling) {
        match (&mut *self, telling) {
            (Self::Of { instances, registered }, Telling::Changes(changes)) => {
                instances.extend(changes.instances.clone());
                *registered |= changes.registered;
            }
            _ => *self = Self::Anything,
        }
    }

    fn names(&self, hint: &str) -> bool {
        match self {
            Self::Anything => true,
            Self::Of { instances, .. } => {
                instances.iter().any(|(id, handle)| is_named(hint, id, handle))
            }
        }
    }

    fn changes_list(&self) -> bool {
        matches!(self, Self::Anything | Self::Of { registered: true, .. })
    }
}

/// Where news go. Each call says whether the client can still be reached.
enum Outlet {
    Connection(Peer<RoleServer>),
    Listener(SubscriptionSink),
}

impl Outlet {
    async fn updated(&self, uri: String) -> bool {
        match self {
            Self::Connection(peer) => {
                let update = ResourceUpdatedNotificationParam::new(uri);
                peer.notify_resource_updated(update).await.is_ok()
            }
            Self::Listener(sink) => sink.notify_resource_updated(uri).await.is_ok(),
        }
    }

    async fn list_changed(&self) -> bool {
        match self {
            Self::Connection(peer) => peer.notify_resource_list_changed().await.is_ok(),
            Self::Listener(sink) => sink.notify_resource_list_changed().await.is_ok(),
        }
    }

    /// Passes on what is wanted of what is heard, until the client or the teller is gone.
    async fn pass_on(&self, mut heard: Heard, wanted: &Mutex<Wanted>) {
        while let Some(news) = News::next(&mut heard).await {
            let (touched, list) = {
                let wanted = wanted.lock().unwrap_or_else(PoisonError::into_inner);
                (wanted.touched(&news), wanted.list && news.changes_list())
            };
            for uri in touched {
                if !self.updated(uri).await {
                    return;
                }
            }
            if list && !self.list_changed().await {
                return;
            }
        }
    }
}

/// A place in the news from before a listener was acknowledged: what is recorded once the client
/// has the acknowledgement is told for certain. Taken by the one listener that it was made for.
#[derive(Clone)]
pub(crate) struct Beginning(Arc<Mutex<Option<(Heard, OwnedSemaphorePermit)>>>);

impl Beginning {
    fn take(&self) -> Option<(Heard, OwnedSemaphorePermit)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl<S: Lifecycle> Server<S> {
    /// To be called before a request to listen is handed to rmcp, which acknowledges it before it
    /// asks the server. None where there is nothing to hear.
    ///
    /// # Errors
    ///
    /// `too_many_listeners`, and `store_*` errors.
    pub(crate) async fn beginning(&self) -> Result<Option<Beginning>> {
        let Some(content) = &self.content else { return Ok(None) };
        let place = Arc::clone(&content.listeners).try_acquire_owned().map_err(|_| no_place())?;
        let heard = content.teller.subscribe().await?;
        Ok(Some(Beginning(Arc::new(Mutex::new(Some((heard, place)))))))
    }
}

/// Serves a listener until it or the server ends.
///
/// # Errors
///
/// `store_unavailable` where changes cannot be told.
pub(super) async fn listen(
    context: &SubscriptionContext,
    closing: &CancellationToken,
) -> Result<()> {
    let request = context.request_context();
    let over_http =
        || request.extensions.get::<axum::http::request::Parts>()?.extensions.get::<Beginning>();
    let beginning = request.extensions.get::<Beginning>().or_else(over_http);
    let wanted = Wanted::of(context.accepted());
    // The place is held to the end of this call.
    let (heard, _place) = beginning.and_then(Beginning::take).unzip();
    let passing = async {
        match heard {
            _ if wanted.is_empty() => std::future::pending().await,
            Some(heard) => {
                let outlet = Outlet::Listener(context.sink().clone());
                outlet.pass_on(heard, &Mutex::new(wanted)).await;
            }
            None => {}
        }
    };
    tokio::select! {
        () = closing.cancelled() => Ok(()),
        () = context.cancelled() => Ok(()),
        () = passing => Err(Error::new(
            Code::StoreUnavailable,
            "changes cannot be told any more",
            "read the resources again, and listen again in a moment",
        )),
    }
}

/// What the one client of a lasting connection of the older eras has subscribed to.
pub(super) struct Connection {
    wanted: Arc<Mutex<Wanted>>,
    /// Passes news on while anything is wanted.
    passing: tokio::sync::Mutex<Option<JoinHandle<()>>>,
    closing: CancellationToken,
}

impl Connection {
    /// A connection that ends with `closing`.
    pub(super) fn new(closing: CancellationToken) -> Self {
        Self { wanted: Arc::default(), passing: tokio::sync::Mutex::default(), closing }
    }

    /// From when this returns, the client hears of changes of the resource.
    ///
    /// # Errors
    ///
    /// `invalid_argument` for no resource, one whose changes are not told, or one too many,
    /// `instance_not_found`, `ambiguous_instance`, and `store_*` errors.
    pub(super) async fn subscribe(
        &self,
        content: &Content,
        uri: String,
        peer: &Peer<RoleServer>,
    ) -> Result<()> {
        let address = changing(&uri)?;
        if let Some(hint) = address.hint() {
            content.service.instance(hint).await?;
        }
        self.want(&content.teller, peer, |wanted| {
            if wanted.resources.len() >= RESOURCES && !wanted.resources.contains_key(&uri) {
                return Err(too_many());
            }
            wanted.resources.insert(uri, address);
            Ok(())
        })
        .await
    }

    /// From when this returns, the client hears of changes of the list of resources.
    ///
    /// # Errors
    ///
    /// `store_*` errors.
    pub(super) async fn want_list(&self, teller: &Teller, peer: &Peer<RoleServer>) -> Result<()> {
        self.want(teller, peer, |wanted| {
            wanted.list = true;
            Ok(())
        })
        .await
    }

    /// The client hears no more of the resource.
    pub(super) async fn unsubscribe(&self, uri: &str) {
        let mut passing = self.passing.lock().await;
        let is_empty = {
            let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
            wanted.resources.remove(uri);
            wanted.is_empty()
        };
        if is_empty && let Some(task) = passing.take() {
            task.abort();
        }
    }

    async fn want(
        &self,
        teller: &Teller,
        peer: &Peer<RoleServer>,
        change: impl FnOnce(&mut Wanted) -> Result<()>,
    ) -> Result<()> {
        let mut passing = self.passing.lock().await;
        if passing.as_ref().is_none_or(JoinHandle::is_finished) {
            let heard = teller.subscribe().await?;
            let (wanted, closing) = (Arc::clone(&self.wanted), self.closing.clone());
            let outlet = Outlet::Connection(peer.clone());
            *passing = Some(tokio::spawn(async move {
                tokio::select! {
                    () = closing.cancelled() => {}
                    () = outlet.pass_on(heard, &wanted) => {}
                }
            }));
        }
        change(&mut self.wanted.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn no_place() -> Error {
    Error::new(
        Code::TooManyListeners,
        format!("the server has {LISTENERS} listeners, the most there can be at once"),
        "end a subscriptions/listen that is not needed; one listener can hear of many resources",
    )
    .with("limit", LISTENERS)
}

fn too_many() -> Error {
    Error::new(
        Code::InvalidArgument,
        format!("this connection is subscribed to {RESOURCES} resources, the most there can be"),
        "unsubscribe from some, or subscribe to annals://instances, which changes with each",
    )
    .at("uri")
}

#[cfg(test)]
mod tests {
    use tokio::sync::broadcast;

    use super::*;
    use crate::service::Changes;

    const ID: &str = "0191e7a4-0000-7000-8000-0000008f4a2b";

    fn changes(handle: &str, registered: bool) -> Telling {
        let instances = [(ID.to_owned(), handle.to_owned())].into();
        Telling::Changes(Arc::new(Changes { instances, registered, ..Changes::default() }))
    }

    fn wanted(uris: &[&str]) -> Wanted {
        let uris = uris.iter().map(|uri| (*uri).to_owned());
        Wanted::of(&SubscriptionFilter::builder().resource_subscriptions(uris).build())
    }

    #[tokio::test]
    async fn tellings_that_wait_together_are_one() {
        let (sender, mut heard) = broadcast::channel(8);
        for (handle, registered) in [("odin-PS-1", false), ("thor-PS-2", true)] {
            sender.send(changes(handle, registered)).unwrap();
        }
        let news = News::next(&mut heard).await.unwrap();
        assert!(news.names("odin") && news.names("thor") && !news.names("loki"));
        assert!(news.changes_list());
        drop(sender);
        assert!(News::next(&mut heard).await.is_none());
    }

    #[tokio::test]
    async fn who_missed_tellings_is_told_that_anything_may_have_changed() {
        let (sender, mut heard) = broadcast::channel(2);
        for _ in 0..3 {
            sender.send(changes("odin-PS-1", false)).unwrap();
        }
        let news = News::next(&mut heard).await.unwrap();
        let wanted = wanted(&["annals://instances/thor/state", "annals://instances"]);
        assert_eq!(wanted.touched(&news).len(), 2);
        assert!(news.changes_list());
    }

    #[test]
    fn only_so_many_resources_and_only_those_whose_changes_are_told_are_accepted() {
        let uris = (0..2_000).map(|at| format!("annals://instances/{at}"));
        let uris = uris.chain(["annals://types".to_owned()]);
        let requested = SubscriptionFilter::builder().resource_subscriptions(uris).build();
        let accepted = Wanted::accepted(&requested).resource_subscriptions.unwrap();
        assert_eq!(accepted.len(), RESOURCES);
        let requested =
            SubscriptionFilter::builder().resource_subscription("annals://types").build();
        assert_eq!(Wanted::accepted(&requested).resource_subscriptions.unwrap().len(), 0);
    }
}
