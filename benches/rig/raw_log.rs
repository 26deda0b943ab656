//! A peer: a log of 500-byte records with group commit and nothing else. No index, no reading.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

/// Bytes of a record.
pub const RECORD: usize = 500;

struct Job {
    record: Vec<u8>,
    reply: oneshot::Sender<()>,
}

/// The log; its thread writes whatever waits, then flushes, then answers.
#[derive(Clone)]
pub struct RawLog(Arc<Handle>);

struct Handle {
    jobs: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl RawLog {
    /// A log in a file that grows, or in one of `preallocated` bytes that are written already.
    pub fn start(path: &Path, preallocated: Option<usize>) -> Self {
        let mut file = File::create(path).expect("a file for the log");
        if let Some(bytes) = preallocated {
            let block = vec![0; 1 << 20];
            for _ in 0..bytes.div_ceil(block.len()) {
                file.write_all(&block).expect("room for the log");
            }
            file.sync_all().expect("a flush");
            file.seek(SeekFrom::Start(0)).expect("the start of the log");
        }
        let (jobs, queue) = sync_channel(4_096);
        let thread = std::thread::spawn(move || run(file, &queue));
        Self(Arc::new(Handle { jobs: Some(jobs), thread: Some(thread) }))
    }

    pub async fn append(&self, record: Vec<u8>) {
        let (reply, answer) = oneshot::channel();
        let jobs = self.0.jobs.as_ref().expect("the log is open");
        jobs.try_send(Job { record, reply }).map_err(drop).expect("room in the queue");
        answer.await.expect("an answer");
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.jobs = None;
        self.thread.take().map(JoinHandle::join);
    }
}

fn run(mut file: File, queue: &Receiver<Job>) {
    let mut bytes = Vec::new();
    while let Ok(first) = queue.recv() {
        let mut batch = vec![first];
        batch.extend(queue.try_iter());
        bytes.clear();
        batch.iter().for_each(|job| bytes.extend_from_slice(&job.record));
        file.write_all(&bytes).expect("an append");
        file.sync_data().expect("a flush");
        for job in batch {
            let _ = job.reply.send(());
        }
    }
}
