//! The known event types.
