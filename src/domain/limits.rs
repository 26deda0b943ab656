//! The sizes that Annals accepts. Every refusal for size states the limit that it met.

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
