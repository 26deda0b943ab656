//! The sizes that Annals accepts. Every refusal for size states the limit that it met.
//!
//! Those of [`Limits`] are each process's own and may be set; the others are the same everywhere,
//! because names, handles and lapses must mean the same to every process on a store.

/// The most bytes of the normal text of `event_data`.
pub const EVENT_DATA_BYTES: usize = 256 * 1024;
/// The most bytes of the normal text of `metadata`.
pub const METADATA_BYTES: usize = 16 * 1024;
/// The most levels of objects and arrays in a payload; the payload itself is the first.
pub const NESTING: usize = 64;
/// The most bytes of a line of an import.
pub const IMPORT_LINE_BYTES: usize = 4 * 1024 * 1024;
/// The most events in one batch.
pub const BATCH_EVENTS: usize = 1_000;
/// The most events or instances in one page.
pub const QUERY_LIMIT: u32 = 1_000;
/// The page size where the caller names none.
pub const QUERY_LIMIT_DEFAULT: u32 = 100;
/// The most characters of a keyword.
pub const KEYWORD_CHARS: usize = 256;
/// The most characters of a project name.
pub const PROJECT_CHARS: usize = 64;
/// The most characters of an instance type.
pub const INSTANCE_TYPE_CHARS: usize = 32;
/// The most characters of a correlation id.
pub const CORRELATION_ID_CHARS: usize = 128;
/// Seconds without life after which an active instance is stale.
pub const STALE_AFTER_SECONDS: i64 = 120;
/// The most characters of the name of an event type.
pub const TYPE_NAME_CHARS: usize = 64;
/// The most characters of the description of a custom event type.
pub const TYPE_DESCRIPTION_CHARS: usize = 1_000;
/// The most bytes of the definition of a custom event type, as written and as stored.
pub const TYPE_DEFINITION_BYTES: usize = 64 * 1024;

/// The limits that may be set for a process. They say what it takes and shows; no stored event, no
/// hash and no other process depends on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes of the normal text of `event_data`.
    pub event_data_bytes: usize,
    /// The most bytes of the normal text of `metadata`.
    pub metadata_bytes: usize,
    /// The most levels of objects and arrays in a payload; the payload itself is the first.
    pub nesting: usize,
    /// The most events in one batch.
    pub batch_events: usize,
    /// The most events or instances in one page.
    pub query_limit: usize,
    /// The page size where the caller names none.
    pub query_limit_default: usize,
    /// The most characters of a keyword.
    pub keyword_chars: usize,
}

impl Limits {
    /// What each must at least be, so that the events that Annals records of itself fit, and the
    /// pages that it reads for itself.
    pub const LEAST: Self = Self {
        event_data_bytes: 4 * 1024,
        metadata_bytes: 1024,
        nesting: 8,
        batch_events: 1,
        query_limit: 100,
        query_limit_default: 1,
        keyword_chars: 1,
    };

    /// What each can at most be: an event must fit a message of MCP and be read by every parser,
    /// and a batch must not keep other writers waiting for long.
    pub const MOST: Self = Self {
        event_data_bytes: 1024 * 1024,
        metadata_bytes: 256 * 1024,
        nesting: 100,
        batch_events: 10_000,
        query_limit: 10_000,
        query_limit_default: 10_000,
        keyword_chars: 1_024,
    };

    /// The page size where the caller names none, never beyond what a page may have.
    pub fn page(&self) -> usize {
        self.query_limit_default.min(self.query_limit)
    }

    /// How large `event_data` may be.
    pub fn event_data(&self) -> PayloadLimits {
        PayloadLimits { bytes: self.event_data_bytes, levels: self.nesting }
    }

    /// How large `metadata` may be.
    pub fn metadata(&self) -> PayloadLimits {
        PayloadLimits { bytes: self.metadata_bytes, levels: self.nesting }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            event_data_bytes: EVENT_DATA_BYTES,
            metadata_bytes: METADATA_BYTES,
            nesting: NESTING,
            batch_events: BATCH_EVENTS,
            query_limit: QUERY_LIMIT as usize,
            query_limit_default: QUERY_LIMIT_DEFAULT as usize,
            keyword_chars: KEYWORD_CHARS,
        }
    }
}

/// How large a payload may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayloadLimits {
    /// The most bytes of its normal text.
    pub bytes: usize,
    /// The most levels of objects and arrays.
    pub levels: usize,
}
