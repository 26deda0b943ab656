//! Cursors: places in a listing, opaque to callers.

use crate::domain::error::{Code, Error, Result};
use crate::store::{FeedCursor, Order, Scope};

/// The cursor of a page of events that ends at `place`.
pub(super) fn write(place: u64, scope: &Scope, order: Order) -> String {
    format!("{}{place:x}", kind(scope, order))
}

/// The place that a cursor of the same kind of question names.
///
/// # Errors
///
/// `invalid_argument` for a cursor of another kind of question, or none at all.
pub(super) fn parse(text: &str, scope: &Scope, order: Order) -> Result<u64> {
    text.strip_prefix(kind(scope, order))
        .and_then(|place| u64::from_str_radix(place, 16).ok())
        .ok_or_else(unknown)
}

/// Places within an instance and across instances differ, and a page goes one way.
fn kind(scope: &Scope, order: Order) -> &'static str {
    match (scope, order) {
        (Scope::Instance(_), Order::Ascending) => "ia",
        (Scope::Instance(_), Order::Descending) => "id",
        (Scope::Across { .. }, Order::Ascending) => "xa",
        (Scope::Across { .. }, Order::Descending) => "xd",
    }
}

/// The cursor of an event in the feed.
pub(super) fn write_feed(cursor: FeedCursor) -> String {
    format!("f{:x}.{:x}", cursor.transaction, cursor.position)
}

/// The place in the feed that a cursor names.
///
/// # Errors
///
/// `invalid_argument` for a text that is no cursor of the feed.
pub(super) fn parse_feed(text: &str) -> Result<FeedCursor> {
    let parse = || {
        let (transaction, position) = text.strip_prefix('f')?.split_once('.')?;
        let number = |text| u64::from_str_radix(text, 16).ok();
        Some(FeedCursor { transaction: number(transaction)?, position: number(position)? })
    };
    parse().ok_or_else(|| {
        Error::new(
            Code::InvalidArgument,
            "the cursor is none that the feed gave",
            "give the cursor of an event as `annals tail --json` shows it, or leave it out",
        )
        .at("cursor")
    })
}

/// A cursor that this question did not give.
pub(super) fn unknown() -> Error {
    Error::new(
        Code::InvalidArgument,
        "cursor is not one that this question gave",
        "send the next_cursor of the page before with otherwise the same arguments, or leave it out \
         for the first page",
    )
    .at("cursor")
}
