//! Refusals and failures. The code of an error is part of the interface and never changes meaning.

use std::borrow::Cow;
use std::fmt;

use serde_json::{Map, Value, json};

/// What class an error is of; entry layers derive exit codes and HTTP statuses from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The input does not fit; sending it again unchanged fails again.
    Invalid,
    /// What was named does not exist, or names several things.
    NotFound,
    /// The input fits, but not the present state of the store.
    Conflict,
    /// The store cannot do it as it is now.
    Unavailable,
    /// A fault of Annals itself.
    Failed,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal, $class:ident;)*) => {
        /// The stable code of an error.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[$doc])* $variant,)* }

        impl Code {
            /// Every code, in the order of the documentation.
            pub const ALL: &'static [Code] = &[$(Code::$variant),*];

            /// The code as callers see it.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $text,)* }
            }

            /// The class that the code belongs to.
            pub fn class(self) -> Class {
                match self { $(Code::$variant => Class::$class,)* }
            }
        }
    };
}

codes! {
    /// No instance has this id or handle.
    InstanceNotFound = "instance_not_found", NotFound;
    /// The part of a handle fits several instances.
    AmbiguousInstance = "ambiguous_instance", NotFound;
    /// The event type is not in the catalogue, or takes no new events.
    UnknownEventType = "unknown_event_type", Invalid;
    /// A field that the event type requires is absent.
    MissingRequiredField = "missing_required_field", Invalid;
    /// A field has another JSON type than its event type says.
    InvalidFieldType = "invalid_field_type", Invalid;
    /// A number, a text or a list is outside its bounds, or a value outside its choices.
    FieldOutOfRange = "field_out_of_range", Invalid;
    /// A field and its alias are both given, with different values.
    AliasConflict = "alias_conflict", Invalid;
    /// `event_data` is no JSON object.
    InvalidEventData = "invalid_event_data", Invalid;
    /// `metadata` is no JSON object.
    InvalidMetadata = "invalid_metadata", Invalid;
    /// A payload, or a whole message, has more bytes than the limit.
    PayloadTooLarge = "payload_too_large", Invalid;
    /// A payload is nested deeper than the limit.
    PayloadTooDeep = "payload_too_deep", Invalid;
    /// This type is recorded by the store alone.
    ReservedEventType = "reserved_event_type", Invalid;
    /// A custom event type is defined, or named, in a way that cannot be.
    InvalidEventType = "invalid_event_type", Invalid;
    /// A new definition of an event type would make stored events invalid.
    IncompatibleEventType = "incompatible_event_type", Conflict;
    /// An event type was changed by someone else at the same moment.
    EventTypeChanged = "event_type_changed", Conflict;
    /// A batch has no event.
    EmptyBatch = "empty_batch", Invalid;
    /// A batch has more events than the limit.
    BatchTooLarge = "batch_too_large", Invalid;
    /// An event id is no UUID.
    InvalidEventId = "invalid_event_id", Invalid;
    /// The event id was used before, for other content.
    EventIdConflict = "event_id_conflict", Conflict;
    /// `expected_sequence_num` is not the head.
    SequenceConflict = "sequence_conflict", Conflict;
    /// The instance is closed.
    InstanceClosed = "instance_closed", Conflict;
    /// The instance id is registered already.
    InstanceExists = "instance_exists", Conflict;
    /// An argument is absent, unknown, or of the wrong type.
    InvalidArgument = "invalid_argument", Invalid;
    /// A project name does not fit the rules for names.
    InvalidProject = "invalid_project", Invalid;
    /// An instance type does not fit the rules for names.
    InvalidInstanceType = "invalid_instance_type", Invalid;
    /// `limit` is outside 1 to its maximum.
    InvalidLimit = "invalid_limit", Invalid;
    /// `offset` is negative or too large.
    InvalidOffset = "invalid_offset", Invalid;
    /// A date or time cannot be read.
    InvalidDate = "invalid_date", Invalid;
    /// A range of dates starts after its end.
    InvalidDateRange = "invalid_date_range", Invalid;
    /// A keyword is empty or too long.
    InvalidKeyword = "invalid_keyword", Invalid;
    /// An unknown category of event types.
    UnknownCategory = "unknown_category", Invalid;
    /// A sequence number is below 1, or beyond the head.
    InvalidSequence = "invalid_sequence", Invalid;
    /// A text is no JSON.
    InvalidJson = "invalid_json", Invalid;
    /// Bytes are no UTF-8.
    InvalidUtf8 = "invalid_utf8", Invalid;
    /// A key stands twice in an object.
    DuplicateKey = "duplicate_key", Invalid;
    /// A number would change when it is stored: it is no 64-bit integer or float.
    InexactNumber = "inexact_number", Invalid;
    /// A text has half of a surrogate pair.
    InvalidUnicode = "invalid_unicode", Invalid;
    /// A file or folder cannot be read, or is not of the expected kind.
    InvalidInput = "invalid_input", Invalid;
    /// A line of an export does not have the documented form.
    InvalidExport = "invalid_export", Invalid;
    /// An export ends before its trailer, or holds less than that says.
    IncompleteExport = "incomplete_export", Invalid;
    /// An event of an export does not match its hash.
    HashMismatch = "hash_mismatch", Invalid;
    /// An event of an export does not follow on the event before it.
    MissingEvent = "missing_event", Invalid;
    /// An instance is stored already with another history.
    InstanceDiverged = "instance_diverged", Conflict;
    /// A setting, or the configuration file, is at fault.
    InvalidConfiguration = "invalid_configuration", Invalid;
    /// The store's address is not understood, or its kind is not supported.
    InvalidStore = "invalid_store", Invalid;
    /// An HTTP request is not of this machine, or of another site's page.
    Forbidden = "forbidden", Invalid;
    /// Nothing is served at the path of an HTTP request.
    UnknownPath = "unknown_path", NotFound;
    /// The method of an HTTP request is not served at its path.
    MethodNotAllowed = "method_not_allowed", Invalid;
    /// An HTTP request accepts no form in which it could be answered.
    NotAcceptable = "not_acceptable", Invalid;
    /// The body of an HTTP request is not of a type that is read.
    UnsupportedMediaType = "unsupported_media_type", Invalid;
    /// A header of an HTTP request has a value that is not served.
    InvalidHeader = "invalid_header", Invalid;
    /// An HTTP request did not arrive whole, or not in time.
    IncompleteRequest = "incomplete_request", Invalid;
    /// JSON is no message of JSON-RPC.
    InvalidMessage = "invalid_message", Invalid;
    /// The server does not serve this method of MCP.
    UnknownMethod = "unknown_method", NotFound;
    /// The server has as many listeners as it can have.
    TooManyListeners = "too_many_listeners", Unavailable;
    /// The store did not answer, or failed while writing.
    StoreUnavailable = "store_unavailable", Unavailable;
    /// Too many calls are waiting for the store.
    StoreBusy = "store_busy", Unavailable;
    /// Another program holds the store's lock.
    StoreLocked = "store_locked", Unavailable;
    /// The store's file or folder cannot be written.
    StoreReadOnly = "store_read_only", Unavailable;
    /// The disk that holds the store is full.
    StoreFull = "store_full", Unavailable;
    /// The store's file is damaged.
    StoreCorrupt = "store_corrupt", Unavailable;
    /// The file is not an Annals store.
    StoreForeign = "store_foreign", Unavailable;
    /// The store was written by a newer Annals.
    StoreNewer = "store_newer", Unavailable;
    /// A fault in Annals itself.
    Internal = "internal", Failed;
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a call was refused or failed: a stable code, a message that names the field and the value's
/// limit, and a hint that says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// The stable code.
    pub code: Code,
    /// What is wrong, for a person.
    pub message: String,
    /// What to do about it.
    pub hint: Cow<'static, str>,
    /// Where: the argument or the path in a payload, such as `event_data.coverage_percent`.
    pub field: Option<String>,
    /// Further facts of this error, such as `head_sequence_num`.
    pub details: Option<Box<Map<String, Value>>>,
}

/// What Annals' own functions return.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error with a code, a message and a hint.
    pub fn new(code: Code, message: impl Into<String>, hint: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), hint: hint.into(), field: None, details: None }
    }

    /// Names the field at fault.
    #[must_use]
    pub fn at(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Adds a fact.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.get_or_insert_default().insert(name.to_owned(), value.into());
        self
    }

    /// The fault as one event of a batch: the index is added, and leads the field's path.
    #[must_use]
    pub fn in_batch(mut self, index: usize) -> Self {
        self.field = Some(match self.field {
            Some(field) => format!("events[{index}].{field}"),
            None => format!("events[{index}]"),
        });
        self.message = format!("events[{index}]: {}", self.message);
        self.with("index", index)
    }

    /// The refusal as every interface gives it: `success: false`, `error`, `code`, `hint`, then
    /// `field` and the further facts where there are any.
    pub fn to_json(&self) -> Value {
        let mut answer = json!({
            "success": false,
            "error": self.message,
            "code": self.code.as_str(),
            "hint": self.hint,
        });
        if let Value::Object(map) = &mut answer {
            if let Some(field) = &self.field {
                map.insert("field".into(), field.clone().into());
            }
            for (name, value) in self.details.iter().flat_map(|details| details.iter()) {
                map.insert(name.clone(), value.clone());
            }
        }
        answer
    }
}
