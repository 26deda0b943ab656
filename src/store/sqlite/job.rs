//! What the writing thread is asked for: each kind of request says what it writes, and is answered
//! with what became of it.

use tokio::sync::oneshot;

use super::append::Appending;
use crate::domain::error::{Error, Result};
use crate::store::{
    AppendRequest, Appended, Correction, RestoreRequest, Restored, StoredType, TypeChange,
};

/// A request to write.
pub trait Request: Send + 'static {
    /// What became of it.
    type Answer: Send + 'static;

    /// How many rows it may write, about.
    fn rows(&self) -> usize;

    /// Writes it. A refusal writes nothing, and leaves the requests before it as they are. May be
    /// called again, where the transaction was rolled back.
    fn write(&self, appending: &mut Appending<'_>) -> rusqlite::Result<Result<Self::Answer>>;
}

impl Request for AppendRequest {
    type Answer = Appended;

    fn rows(&self) -> usize {
        self.events.len()
    }

    fn write(&self, appending: &mut Appending<'_>) -> rusqlite::Result<Result<Appended>> {
        appending.append(self)
    }
}

impl Request for TypeChange {
    type Answer = StoredType;

    fn rows(&self) -> usize {
        1
    }

    fn write(&self, appending: &mut Appending<'_>) -> rusqlite::Result<Result<StoredType>> {
        appending.change_type(self)
    }
}

impl Request for RestoreRequest {
    type Answer = Restored;

    fn rows(&self) -> usize {
        self.events.len()
    }

    fn write(&self, appending: &mut Appending<'_>) -> rusqlite::Result<Result<Restored>> {
        appending.restore(self).map(Ok)
    }
}

/// Corrections of the registry.
impl Request for Vec<Correction> {
    type Answer = bool;

    fn rows(&self) -> usize {
        self.len()
    }

    fn write(&self, appending: &mut Appending<'_>) -> rusqlite::Result<Result<bool>> {
        appending.correct(self).map(Ok)
    }
}

/// A request of whatever kind, and who waits for its answer.
pub trait Job: Send {
    /// As [`Request::rows`].
    fn rows(&self) -> usize;

    /// Writes it, and keeps the answer.
    fn write(&mut self, appending: &mut Appending<'_>) -> rusqlite::Result<()>;

    /// Gives the answer, once what was written is durable; or `failure`, where it is not.
    fn answer(self: Box<Self>, failure: Option<Error>);
}

/// The job of this request, and where its answer arrives.
pub fn job<R: Request>(request: R) -> (Box<dyn Job>, oneshot::Receiver<Result<R::Answer>>) {
    let (reply, answer) = oneshot::channel();
    (Box::new(Call { request, written: None, reply }), answer)
}

struct Call<R: Request> {
    request: R,
    written: Option<Result<R::Answer>>,
    reply: oneshot::Sender<Result<R::Answer>>,
}

impl<R: Request> Job for Call<R> {
    fn rows(&self) -> usize {
        self.request.rows()
    }

    fn write(&mut self, appending: &mut Appending<'_>) -> rusqlite::Result<()> {
        self.written = Some(self.request.write(appending)?);
        Ok(())
    }

    fn answer(self: Box<Self>, failure: Option<Error>) {
        let answer = match failure {
            Some(failure) => Some(Err(failure)),
            None => self.written,
        };
        if let Some(answer) = answer {
            // A caller that no longer waits has given up its answer, not its events.
            let _ = self.reply.send(answer);
        }
    }
}
