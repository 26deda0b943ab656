//! replayable
