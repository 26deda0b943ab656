//! Every setting, as data: the errors, `annals config show` and `docs/configuration.md` are made of
//! this table.

use serde_json::{Value, json};

use super::given::{self, Given};
use super::values::Values;
use crate::domain::error::Result;
use crate::domain::limits::Limits;

/// A setting.
pub struct Setting {
    /// Its key in the file, which is its name everywhere.
    pub key: &'static str,
    /// The environment variable that sets it.
    pub variable: Option<&'static str>,
    /// The option that sets it.
    pub flag: Option<&'static str>,
    /// What a value looks like, for people.
    pub form: &'static str,
    /// The least and the most that a number may be.
    pub range: Option<(usize, usize)>,
    /// What it is for, in a sentence without a full stop.
    pub description: &'static str,
    /// Takes a value over.
    pub set: fn(&mut Values, Given<'_>) -> Result<()>,
    /// The value, as JSON.
    pub show: fn(&Values) -> Value,
}

macro_rules! limit {
    ($field:ident, $variable:literal, $description:literal) => {
        Setting {
            key: concat!("limits.", stringify!($field)),
            variable: Some($variable),
            flag: None,
            form: "number",
            range: Some((Limits::LEAST.$field, Limits::MOST.$field)),
            description: $description,
            set: |values, given| {
                let range = Limits::LEAST.$field..=Limits::MOST.$field;
                values.limits.$field = given::number(given, range)?;
                Ok(())
            },
            show: |values| values.limits.$field.into(),
        }
    };
}

/// Every setting, in the order in which they are shown.
pub static SETTINGS: &[Setting] = &[
    Setting {
        key: "store",
        variable: Some("ANNALS_STORE"),
        flag: Some("--store"),
        form: "`sqlite:PATH` or `postgres://USER@HOST/DATABASE`",
        range: None,
        description: "Where the events are. A relative path in the file starts at the file's folder",
        set: |values, given| {
            values.store = Some(given::store(given)?);
            Ok(())
        },
        show: |values| values.store().map_or(Value::Null, |store| store.to_string().into()),
    },
    Setting {
        key: "accept_event_loss",
        variable: Some("ANNALS_ACCEPT_EVENT_LOSS"),
        flag: None,
        form: "`yes` or `no`",
        range: None,
        description: "Whether to use a database server that can lose acknowledged events in a crash",
        set: |values, given| {
            values.accept_event_loss = given::yes_or_no(given)?;
            Ok(())
        },
        show: |values| json!(if values.accept_event_loss { "yes" } else { "no" }),
    },
    Setting {
        key: "listen",
        variable: Some("ANNALS_LISTEN"),
        flag: Some("--listen"),
        form: "`HOST:PORT`",
        range: None,
        description: "Where `annals serve` listens; port 0 takes any free port",
        set: |values, given| {
            values.listen = given::text(given)?;
            Ok(())
        },
        show: |values| json!(values.listen),
    },
    Setting {
        key: "log",
        variable: Some("ANNALS_LOG"),
        flag: None,
        form: "`off`, `error`, `warn`, `info`, `debug`, `trace`, or a filter",
        range: None,
        description: "What is logged to standard error; a filter is such as `warn,annals=debug`",
        set: |values, given| {
            values.log = given::log(given)?;
            Ok(())
        },
        show: |values| json!(values.log),
    },
    limit!(
        event_data_bytes,
        "ANNALS_LIMITS_EVENT_DATA_BYTES",
        "The most bytes of the `event_data` of an event"
    ),
    limit!(
        metadata_bytes,
        "ANNALS_LIMITS_METADATA_BYTES",
        "The most bytes of the `metadata` of an event"
    ),
    limit!(
        nesting,
        "ANNALS_LIMITS_NESTING",
        "The most levels of objects and arrays in `event_data` and in `metadata`"
    ),
    limit!(batch_events, "ANNALS_LIMITS_BATCH_EVENTS", "The most events of one batch"),
    limit!(query_limit, "ANNALS_LIMITS_QUERY_LIMIT", "The most events, or instances, of one page"),
    limit!(
        query_limit_default,
        "ANNALS_LIMITS_QUERY_LIMIT_DEFAULT",
        "The size of a page where the caller names none; `limits.query_limit` where that is less"
    ),
    limit!(keyword_chars, "ANNALS_LIMITS_KEYWORD_CHARS", "The most characters of a keyword"),
    Setting {
        key: "redact.allow",
        variable: None,
        flag: None,
        form: "list of texts",
        range: None,
        description: "Texts that are known to be no secrets: they are stored as they are",
        set: |values, given| {
            values.allow = given::texts(given)?;
            Ok(())
        },
        show: |values| json!(values.allow),
    },
    Setting {
        key: "redact.allow_patterns",
        variable: None,
        flag: None,
        form: "list of texts",
        range: None,
        description: "Regular expressions; what one matches as a whole is known to be no secret",
        set: |values, given| {
            values.allow_patterns = given::patterns(given)?;
            Ok(())
        },
        show: |values| json!(values.allow_patterns),
    },
];

/// The setting with this key.
pub fn setting(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}

/// Whether keys of settings begin with this one and a dot.
pub fn is_group(key: &str) -> bool {
    let below = |setting: &Setting| setting.key.strip_prefix(key)?.strip_prefix('.').map(|_| ());
    SETTINGS.iter().any(|setting| below(setting).is_some())
}
