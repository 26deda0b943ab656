//! Change notifications, in both eras over both transports. Writers use a store of their own on the
//! same file, as another process does.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep, timeout};

use crate::mcp_client::{Client, Era, Stream};

const UPDATED: &str = "notifications/resources/updated";
const LIST_CHANGED: &str = "notifications/resources/list_changed";
const ACKNOWLEDGED: &str = "notifications/subscriptions/acknowledged";

/// Writes to the store in a folder.
struct Writer(Client);

impl Writer {
    async fn of(folder: &TempDir) -> Self {
        Self(Client::stdio(folder, Era::Legacy).await)
    }

    async fn register(&mut self) -> (String, String) {
        let instance = self.0.call("register_instance", json!({"project": "odin"})).await;
        let text = |name: &str| instance[name].as_str().unwrap().to_owned();
        (text("instance_id"), text("handle"))
    }

    /// Emits an event; gives its sequence number.
    async fn emit(&mut self, instance: &str) -> u64 {
        let event = json!({
            "instance_id": instance, "event_type": "epic_started", "event_data": {"epic_id": "e"}
        });
        self.0.call("emit_event", event).await["sequence_num"].as_u64().unwrap()
    }
}

fn listen(uris: &[String], list: bool) -> Value {
    let mut filter = json!({"resourceSubscriptions": uris});
    if list {
        filter["resourcesListChanged"] = true.into();
    }
    json!({"notifications": filter})
}

fn addresses(hint: &str) -> Vec<String> {
    ["", "/events", "/state"].map(|part| format!("annals://instances/{hint}{part}")).to_vec()
}

fn updated_uri(note: &Value) -> String {
    assert_eq!(note["method"], UPDATED, "{note}");
    note["params"]["uri"].as_str().unwrap().to_owned()
}

/// A modern listener over either transport.
enum Listener {
    Stdio(Client, u64),
    Http(Client, Stream, u64),
}

impl Listener {
    /// Listens; gives what was acknowledged too.
    async fn start(mut client: Client, params: Value) -> (Self, Value) {
        let mut listener = if client.is_http() {
            let stream = client.stream("subscriptions/listen", params).await;
            Self::Http(client, stream, 1)
        } else {
            let id = client.send("subscriptions/listen", params).await;
            Self::Stdio(client, id)
        };
        let acknowledged = listener.next().await.unwrap();
        assert_eq!(acknowledged["method"], ACKNOWLEDGED, "{acknowledged}");
        (listener, acknowledged["params"]["notifications"].clone())
    }

    /// The next message, which must name the subscription.
    async fn next(&mut self) -> Option<Value> {
        let (message, id) = match self {
            Self::Stdio(client, id) => (client.next().await?, *id),
            Self::Http(_, stream, id) => (stream.next().await?, *id),
        };
        let meta = message.get("params").or(message.get("result")).map(|body| &body["_meta"]);
        let named = meta.map(|meta| &meta["io.modelcontextprotocol/subscriptionId"]);
        assert_eq!(named, Some(&json!(id)), "{message}");
        Some(message)
    }

    fn client(self) -> Client {
        match self {
            Self::Stdio(client, _) | Self::Http(client, ..) => client,
        }
    }
}

async fn modern(folder: &TempDir) -> [Client; 2] {
    [Client::stdio(folder, Era::Modern).await, Client::http(folder, Era::Modern).await]
}

#[tokio::test]
async fn a_listener_hears_of_its_instances_once_for_changes_that_come_together() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::of(&folder).await;
    let (id, handle) = writer.register().await;
    let (other, _) = writer.register().await;
    for client in modern(&folder).await {
        let mut uris = addresses(&handle);
        uris.push(format!("annals://instances/{id}"));
        let unserved = ["annals://types".to_owned(), "annals://nothing".to_owned()];
        let asked = [uris.as_slice(), &unserved].concat();
        let (mut listener, served) = Listener::start(client, listen(&asked, false)).await;
        assert_eq!(served, json!({"resourceSubscriptions": uris}));

        writer.emit(&other).await;
        let event = json!({"event_type": "epic_started", "event_data": {"epic_id": "e"}});
        let batch = json!({"instance_id": id, "events": vec![event; 500]});
        assert_eq!(writer.0.call("emit_events", batch).await["success"], true);
        let mut heard = BTreeSet::new();
        for _ in &uris {
            heard.insert(updated_uri(&listener.next().await.unwrap()));
        }
        assert_eq!(heard, uris.into_iter().collect::<BTreeSet<_>>());
        let silence = timeout(Duration::from_millis(400), listener.next()).await;
        assert!(silence.is_err(), "{silence:?}");
    }
}

#[tokio::test]
async fn the_list_changes_when_an_instance_is_registered_and_all_instances_with_each_event() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::of(&folder).await;
    let (id, _) = writer.register().await;
    for client in modern(&folder).await {
        let all = ["annals://instances".to_owned()];
        let (mut listener, served) = Listener::start(client, listen(&all, true)).await;
        assert_eq!(served["resourcesListChanged"], true);
        writer.emit(&id).await;
        assert_eq!(updated_uri(&listener.next().await.unwrap()), all[0]);
        writer.register().await;
        assert_eq!(updated_uri(&listener.next().await.unwrap()), all[0]);
        assert_eq!(listener.next().await.unwrap()["method"], LIST_CHANGED);
    }
}

#[tokio::test]
async fn what_is_recorded_right_after_the_acknowledgement_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::of(&folder).await;
    let (id, _) = writer.register().await;
    for _ in 0..8 {
        for client in modern(&folder).await {
            let uri = [format!("annals://instances/{id}/state")];
            let (mut listener, _) = Listener::start(client, listen(&uri, false)).await;
            writer.emit(&id).await;
            assert_eq!(updated_uri(&listener.next().await.unwrap()), uri[0]);
        }
    }
}

#[tokio::test]
async fn who_reads_again_after_each_update_misses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::of(&folder).await;
    let mut heads: BTreeMap<String, u64> = BTreeMap::new();
    for _ in 0..3 {
        heads.insert(writer.register().await.0, 1);
    }
    let [stdio, http] = modern(&folder).await;
    let mut reader = Client::http(&folder, Era::Legacy).await;
    let uris: Vec<String> =
        heads.keys().map(|id| format!("annals://instances/{id}/state")).collect();
    let (stdio, _) = Listener::start(stdio, listen(&uris, false)).await;
    let (http, _) = Listener::start(http, listen(&uris, false)).await;
    let ids: Vec<String> = heads.keys().cloned().collect();
    let writing = tokio::spawn(async move {
        for round in 0..300 {
            let id = &ids[round % ids.len()];
            let head = writer.emit(id).await;
            heads.insert(id.clone(), head);
        }
        heads
    });
    let mut seen: [BTreeMap<String, u64>; 2] = Default::default();
    let mut listeners = [stdio, http];
    let heads = loop {
        // What a listener knows is what it read after the last update that it heard of.
        for (listener, seen) in listeners.iter_mut().zip(&mut seen) {
            while let Ok(note) = timeout(Duration::from_millis(300), listener.next()).await {
                let state = reader.read(&updated_uri(&note.unwrap())).await;
                let id = state["instance_id"].as_str().unwrap().to_owned();
                seen.insert(id, state["last_sequence"].as_u64().unwrap());
            }
        }
        if writing.is_finished() {
            break writing.await.unwrap();
        }
    };
    for (mut listener, mut seen) in listeners.into_iter().zip(seen) {
        let end = Instant::now() + Duration::from_secs(5);
        while seen != heads && Instant::now() < end {
            let Ok(note) = timeout(Duration::from_secs(1), listener.next()).await else { break };
            let state = reader.read(&updated_uri(&note.unwrap())).await;
            let id = state["instance_id"].as_str().unwrap().to_owned();
            seen.insert(id, state["last_sequence"].as_u64().unwrap());
        }
        assert_eq!(seen, heads);
    }
}

#[tokio::test]
async fn a_cancelled_listener_hears_no_more_and_the_others_do() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::of(&folder).await;
    let (id, _) = writer.register().await;
    let mut client = Client::stdio(&folder, Era::Modern).await;
    let uri = [format!("annals://instances/{id}")];
    let first = client.send("subscriptions/listen", listen(&uri, false)).await;
    let second = client.send("subscriptions/listen", listen(&uri, false)).await;
    for _ in 0..2 {
        assert_eq!(client.next().await.unwrap()["method"], ACKNOWLEDGED);
    }
    client.notify("notifications/cancelled", json!({"requestId": first})).await;
    client.result("resources/templates/list", json!({})).await;
    writer.emit(&id).await;
    let note = client.next().await.unwrap();
    let meta = &note["params"]["_meta"];
    assert_eq!(meta["io.modelcontextprotocol/subscriptionId"], second, "{note}");
    client.hears_nothing().await;
}

#[tokio::test]
async fn a_subscriber_of_the_older_eras_hears_over_its_connection() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::of(&folder).await;
    let (id, handle) = writer.register().await;
    let mut client = Client::stdio(&folder, Era::Legacy).await;
    client.capabilities().await;
    for uri in addresses(&handle) {
        let result = client.result("resources/subscribe", json!({"uri": uri})).await;
        assert_eq!(result, json!({}));
    }
    writer.emit(&id).await;
    let mut heard = BTreeSet::new();
    for _ in 0..3 {
        heard.insert(updated_uri(&client.next().await.unwrap()));
    }
    assert_eq!(heard, addresses(&handle).into_iter().collect::<BTreeSet<_>>());

    // Who has not read the list has none that could change.
    writer.register().await;
    client.hears_nothing().await;
    client.result("resources/list", json!({})).await;
    writer.register().await;
    assert_eq!(client.next().await.unwrap()["method"], LIST_CHANGED);

    for uri in &addresses(&handle)[1..] {
        client.result("resources/unsubscribe", json!({"uri": uri})).await;
    }
    writer.emit(&id).await;
    assert_eq!(updated_uri(&client.next().await.unwrap()), addresses(&handle)[0]);
    client.hears_nothing().await;
}

#[tokio::test]
async fn what_cannot_be_subscribed_to_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut client = Client::stdio(&folder, Era::Legacy).await;
    for uri in ["annals://instances/nobody", "annals://types", "annals://nothing"] {
        let error = client.error("resources/subscribe", json!({"uri": uri})).await;
        assert_eq!(error["code"], -32002, "{error}");
    }
    let error = client.error("subscriptions/listen", listen(&[], true)).await;
    assert_eq!(error["code"], -32601, "of the newer era: {error}");
    let mut client = Client::stdio(&folder, Era::Modern).await;
    let uri = json!({"uri": "annals://instances"});
    assert_eq!(client.error("resources/subscribe", uri.clone()).await["code"], -32601);
    let mut client = Client::http(&folder, Era::Legacy).await;
    assert_eq!(client.error("resources/subscribe", uri.clone()).await["code"], -32601);
    assert_eq!(client.error("resources/unsubscribe", uri).await["code"], -32601);
}

#[tokio::test]
async fn open_subscriptions_delay_no_end() {
    let folder = tempfile::tempdir().unwrap();
    for client in modern(&folder).await {
        let (mut listener, _) = Listener::start(client, listen(&[], true)).await;
        match &listener {
            Listener::Stdio(client, _) | Listener::Http(client, ..) => client.stop.cancel(),
        }
        let result = listener.next().await.expect("the listener is told that it is over");
        assert_eq!(result["result"]["resultType"], "complete", "{result}");
        assert!(listener.next().await.is_none());
        timeout(Duration::from_secs(3), listener.client().server).await.expect("in time").unwrap();
    }
    let client = Client::stdio(&folder, Era::Modern).await;
    let (listener, _) = Listener::start(client, listen(&[], true)).await;
    let mut listening = listener.client();
    let mut subscribed = Client::stdio(&folder, Era::Legacy).await;
    subscribed.result("resources/subscribe", json!({"uri": "annals://instances"})).await;
    for client in [&mut listening, &mut subscribed] {
        client.end().await;
        timeout(Duration::from_secs(3), &mut client.server).await.expect("in time").unwrap();
    }
}

#[tokio::test]
async fn nothing_is_left_of_subscriptions_whose_clients_went_away() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::of(&folder).await;
    let (id, _) = writer.register().await;
    let mut client = Client::http(&folder, Era::Modern).await;
    let mut older = Client::stdio(&folder, Era::Legacy).await;
    client.result("resources/templates/list", json!({})).await;
    let tasks = || Handle::current().metrics().num_alive_tasks();
    sleep(Duration::from_millis(200)).await;
    let before = tasks();
    let uri = format!("annals://instances/{id}");
    let params = listen(std::slice::from_ref(&uri), true);
    let mut streams = Vec::new();
    for _ in 0..20 {
        let mut stream = client.stream("subscriptions/listen", params.clone()).await;
        assert_eq!(stream.next().await.unwrap()["method"], ACKNOWLEDGED);
        streams.push(stream);
    }
    older.result("resources/subscribe", json!({"uri": uri})).await;
    writer.emit(&id).await;
    for stream in &mut streams {
        assert_eq!(updated_uri(&stream.next().await.unwrap()), uri);
    }
    assert!(tasks() > before + 20);
    drop(streams);
    older.result("resources/unsubscribe", json!({"uri": uri})).await;
    let end = Instant::now() + Duration::from_secs(5);
    while tasks() > before {
        assert!(Instant::now() < end, "{} tasks, {before} before", tasks());
        sleep(Duration::from_millis(20)).await;
    }
    // And who comes then is served as before.
    let mut stream = client.stream("subscriptions/listen", params).await;
    assert_eq!(stream.next().await.unwrap()["method"], ACKNOWLEDGED);
    writer.emit(&id).await;
    assert_eq!(updated_uri(&stream.next().await.unwrap()), uri);
}

/// The next change of the resource that is told, past changes of the list.
async fn next_update(listener: &mut Listener) -> String {
    loop {
        let note = listener.next().await.expect("the listener goes on");
        if note["method"] != LIST_CHANGED {
            return updated_uri(&note);
        }
    }
}

/// While the store is lost no change can be told. That is told as one: whoever reads again learns why.
#[tokio::test]
async fn who_listens_hears_that_the_store_is_lost_and_when_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::of(&folder).await;
    let (id, _) = writer.register().await;
    let uri = format!("annals://instances/{id}");
    let params = listen(std::slice::from_ref(&uri), false);
    let mut listeners = Vec::new();
    for client in modern(&folder).await {
        listeners.push(Listener::start(client, params.clone()).await.0);
    }
    let mut older = Client::stdio(&folder, Era::Legacy).await;
    older.result("resources/subscribe", json!({"uri": uri})).await;
    let mut late = Client::stdio(&folder, Era::Modern).await;
    let (store, away) = (folder.path().join("annals.db"), folder.path().join("away"));
    std::fs::rename(&store, &away).unwrap();
    for listener in &mut listeners {
        assert_eq!(next_update(listener).await, uri);
    }
    assert_eq!(updated_uri(&older.next().await.unwrap()), uri);
    let code = |error: Value| error["data"]["code"].clone();
    let read = older.error("resources/read", json!({"uri": uri})).await;
    assert_eq!(code(read), "store_unavailable");
    // Who begins to listen now is told at once.
    let late_id = late.send("subscriptions/listen", params).await;
    let answer = loop {
        let message = late.next().await.unwrap();
        if message["id"] == late_id {
            break message;
        }
    };
    assert_eq!(code(answer["error"].clone()), "store_unavailable", "{answer}");
    std::fs::rename(&away, &store).unwrap();
    for listener in &mut listeners {
        assert_eq!(next_update(listener).await, uri);
    }
    assert_eq!(updated_uri(&older.next().await.unwrap()), uri);
    writer.emit(&id).await;
    for listener in &mut listeners {
        assert_eq!(next_update(listener).await, uri);
    }
    assert_eq!(updated_uri(&older.next().await.unwrap()), uri);
}

#[tokio::test]
async fn there_are_only_so_many_listeners_and_a_place_that_is_left_is_given_again() {
    const MOST: usize = 128;
    let folder = tempfile::tempdir().unwrap();
    let params = listen(&["annals://instances".to_owned()], false);
    let mut client = Client::stdio(&folder, Era::Modern).await;
    let mut last = 0;
    for _ in 0..MOST {
        last = client.send("subscriptions/listen", params.clone()).await;
        assert_eq!(client.next().await.unwrap()["method"], ACKNOWLEDGED);
    }
    let error = client.error("subscriptions/listen", params.clone()).await;
    assert_eq!(error["data"]["code"], "too_many_listeners", "{error}");
    assert_eq!(error["data"]["limit"], MOST, "{error}");
    client.notify("notifications/cancelled", json!({"requestId": last})).await;
    client.result("resources/templates/list", json!({})).await;
    client.send("subscriptions/listen", params.clone()).await;
    assert_eq!(client.next().await.unwrap()["method"], ACKNOWLEDGED);

    // Over HTTP the refusal is no stream, and calls are served all the while.
    let mut client = Client::http(&folder, Era::Modern).await;
    let mut streams = Vec::new();
    for _ in 0..MOST {
        let mut stream = client.stream("subscriptions/listen", params.clone()).await;
        assert_eq!(stream.next().await.unwrap()["method"], ACKNOWLEDGED);
        streams.push(stream);
    }
    let error = client.error("subscriptions/listen", params.clone()).await;
    assert_eq!(error["data"]["code"], "too_many_listeners", "{error}");
    client.result("resources/templates/list", json!({})).await;
    streams.pop();
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        let mut stream = client.stream("subscriptions/listen", params.clone()).await;
        match timeout(Duration::from_millis(200), stream.next()).await {
            Ok(Some(message)) => break assert_eq!(message["method"], ACKNOWLEDGED),
            _ => assert!(Instant::now() < end, "the place is not given again"),
        }
    }
}
