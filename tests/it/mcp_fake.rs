//! A service of a few odd tools, to hold the MCP framework to its promises: a call that panics, one
//! that waits, calls that only end together.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use annals::domain::error::{Code, Error, Result};
use annals::mcp::{Effect, Lifecycle, Server, Tool, tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::Barrier;

/// How many `together` calls must be under way before any of them ends.
pub const TOGETHER: usize = 50;

#[derive(Clone)]
pub struct Fake {
    pub broken: Arc<AtomicBool>,
    pub down: Arc<AtomicBool>,
    pub aborted: Arc<AtomicBool>,
    pub written: Arc<AtomicBool>,
    barrier: Arc<Barrier>,
}

impl Lifecycle for Fake {
    async fn ready(&self) -> Result<()> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(Error::new(Code::StoreUnavailable, "the disk is gone", "plug it in"));
        }
        Ok(())
    }

    async fn shutdown(&self) {
        self.down.store(true, Ordering::SeqCst);
    }
}

/// Echoes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EchoRequest {
    /// What to say.
    text: String,
    /// How often.
    times: Option<u32>,
}

/// An echo.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EchoAnswer {
    success: bool,
    echo: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<u32>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaitRequest {
    milliseconds: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct Done {
    success: bool,
}

const DONE: Done = Done { success: true };

fn fault() -> Done {
    panic!("as the test wants it")
}

/// Notes when a call is dropped before its end.
struct Watch(Arc<AtomicBool>, bool);

impl Drop for Watch {
    fn drop(&mut self) {
        if !self.1 {
            self.0.store(true, Ordering::SeqCst);
        }
    }
}

fn tools() -> Vec<Tool<Fake>> {
    vec![
        tool(
            "echo",
            "Echo",
            "Says it again.",
            Effect::Reads,
            |_: Fake, request: EchoRequest| async move {
                Ok(EchoAnswer { success: true, echo: request.text, times: request.times })
            },
        ),
        tool("refuse", "Refuse", "Refuses.", Effect::Adds, |_: Fake, _: Nothing| async {
            Err::<Done, _>(
                Error::new(Code::SequenceConflict, "the head is 7", "send again")
                    .at("expected_sequence_num")
                    .with("head_sequence_num", 7),
            )
        }),
        tool("panic", "Panic", "Panics.", Effect::Adds, |_: Fake, _: Nothing| async {
            Ok(fault())
        }),
        tool(
            "wait",
            "Wait",
            "Waits.",
            Effect::Reads,
            |fake: Fake, request: WaitRequest| async move {
                let mut watch = Watch(fake.aborted.clone(), false);
                tokio::time::sleep(Duration::from_millis(request.milliseconds)).await;
                watch.1 = true;
                Ok(DONE)
            },
        ),
        tool(
            "write",
            "Write",
            "Writes.",
            Effect::AddsOnce,
            |fake: Fake, request: WaitRequest| async move {
                tokio::time::sleep(Duration::from_millis(request.milliseconds)).await;
                fake.written.store(true, Ordering::SeqCst);
                Ok(DONE)
            },
        ),
        tool(
            "together",
            "Together",
            "Ends with others.",
            Effect::Adds,
            |fake: Fake, _: Nothing| async move {
                fake.barrier.wait().await;
                Ok(DONE)
            },
        ),
    ]
}

/// A fake service and a server over it.
pub fn fake() -> (Fake, Server<Fake>) {
    let fake = Fake {
        broken: Arc::default(),
        down: Arc::default(),
        aborted: Arc::default(),
        written: Arc::default(),
        barrier: Arc::new(Barrier::new(TOGETHER)),
    };
    (fake.clone(), Server::with_tools(fake, tools()))
}
