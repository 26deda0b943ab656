//! What clients may take of the server.

use std::time::Duration;

/// How many connections there may be, and how long a request may be on its way.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most connections at once. Further ones wait until one ends.
    pub connections: usize,
    /// How long the headers of a request may take to arrive, from the start of the connection or
    /// from the answer before. A connection that passes it is closed.
    pub headers: Duration,
    /// How long the body of a request may take to arrive.
    pub body: Duration,
}

impl Default for Limits {
    /// 512 connections: more than a browser opens, and fewer than the files that most systems let a
    /// process open. 100 seconds for the headers: longer than the 90 for which common clients keep an
    /// idle connection, or they would send requests on one that the server is closing. 30 seconds for
    /// the body.
    fn default() -> Self {
        Self { connections: 512, headers: Duration::from_secs(100), body: Duration::from_secs(30) }
    }
}
