//! Whatever is recorded: its export, restored elsewhere and exported again, is the same text.

use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use annals::service::{
    EmitRequest, ExportRequest, ImportReport, LineFault, OnError, Service, VerifyRequest,
};
use annals::store::{self, Opening, SystemClock};

use crate::conformance::property::property;
use crate::conformance::request;
use crate::conformance::samples::{any_object, any_text, hard_values};

/// A fresh store.
struct Fresh {
    service: Service,
    _folder: TempDir,
}

impl Fresh {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let service = open(&folder.path().join("annals.db")).await;
        Self { service, _folder: folder }
    }

    async fn register(&self) -> String {
        self.service.register(request(json!({"project": "odin"}))).await.unwrap().instance_id
    }

    async fn emit(&self, instance: &str, sample: &Sample) {
        let mut event = json!({
            "instance_id": instance,
            "event_type": "checkpoint_created",
            "event_data": {"checkpoint_id": "cp-1", "state": {}, "value": sample.data},
        });
        if let Some(metadata) = &sample.metadata {
            event["metadata"] = Value::Object(metadata.clone());
            event["occurred_at"] = json!("2026-11-22T08:00:00.5Z");
        }
        if let Some(text) = sample.correlation_id.as_ref().filter(|text| !text.is_empty()) {
            event["correlation_id"] = json!(text);
        }
        self.service.emit(request::<EmitRequest>(event)).await.unwrap();
    }

    /// The whole export.
    async fn export(&self) -> String {
        let selection = self.service.export_selection(ExportRequest::default()).await.unwrap();
        let mut text = String::new();
        let write = |lines: &str, _| {
            text += lines;
            Ok(())
        };
        self.service.export(selection, None, write).await.unwrap();
        text
    }

    /// The same store after it was exported, restored into a fresh one, and that exported.
    async fn restored(&self) -> (String, String) {
        let (other, export) = (Fresh::new().await, self.export().await);
        let stream = Cursor::new(export.clone().into_bytes());
        let answer = other.service.restore(stream, OnError::Stop, &mut Silent).await.unwrap();
        assert!(answer.success, "{:?}", answer.refused);
        let verified = other.service.verify(VerifyRequest::default(), |_| {}).await.unwrap();
        assert!(verified.valid);
        let again = other.export().await;
        other.service.shutdown().await;
        (headless(export), headless(again))
    }
}

async fn open(path: &Path) -> Service {
    let address = format!("sqlite:{}", path.display()).parse().unwrap();
    let clock = Arc::new(SystemClock);
    Service::new(store::open(&address, Opening::new(clock.clone())).await.unwrap(), clock)
}

/// All but the header, which names the store and the time of the export.
fn headless(export: String) -> String {
    export.split_once('\n').unwrap().1.to_owned()
}

struct Silent;

impl ImportReport for Silent {
    fn progress(&mut self, _: u64) {}
    fn refused(&mut self, _: &LineFault) {}
}

/// What differs from event to event.
#[derive(Clone, Debug)]
struct Sample {
    data: Value,
    metadata: Option<Map<String, Value>>,
    correlation_id: Option<String>,
}

fn samples() -> impl Strategy<Value = Vec<Sample>> {
    let sample = (any_object(), prop::option::of(any_object()), prop::option::of(any_text()))
        .prop_map(|(data, metadata, text)| Sample {
            data: Value::Object(data),
            metadata,
            correlation_id: text.map(|text| text.chars().take(128).collect()),
        });
    prop::collection::vec(sample, 1..6)
}

#[test]
fn the_hard_corpus_survives_export_restore_and_export() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let home = Fresh::new().await;
        let instance = home.register().await;
        for value in hard_values() {
            let fits = value.to_string().len() < 10_000;
            let metadata = fits.then(|| Map::from_iter([("value".to_owned(), value.clone())]));
            home.emit(&instance, &Sample { data: value, metadata, correlation_id: None }).await;
        }
        let (export, again) = home.restored().await;
        assert_eq!(again, export);
        home.service.shutdown().await;
    });
}

#[test]
fn any_events_survive_export_restore_and_export() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(property(32, samples, |samples| async move {
        let home = Fresh::new().await;
        let instances = [home.register().await, home.register().await];
        for (index, sample) in samples.iter().enumerate() {
            home.emit(&instances[index % 2], sample).await;
        }
        let (export, again) = home.restored().await;
        prop_assert_eq!(again, export);
        home.service.shutdown().await;
        Ok(())
    }));
}
