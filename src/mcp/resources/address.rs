//! The addresses of resources.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::domain::error::{Code, Error, Result};
use crate::service::{EventsPage, text_without_secrets};

pub(super) const INSTANCES: &str = "annals://instances";
pub(super) const TYPES: &str = "annals://types";

pub(in crate::mcp) const INSTANCE_TEMPLATE: &str = "annals://instances/{id}";
pub(in crate::mcp) const EVENTS_TEMPLATE: &str = "annals://instances/{id}/events{?after,before}";
pub(in crate::mcp) const STATE_TEMPLATE: &str = "annals://instances/{id}/state";
pub(in crate::mcp) const TYPE_TEMPLATE: &str = "annals://types/{type}";

/// What stands for itself in a URI.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A resource, as its address names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::mcp) enum Address {
    /// The instances with the newest life.
    Instances,
    /// One instance, by its id, its handle or a part of that.
    Instance(String),
    /// Events of an instance.
    Events(String, EventsPage),
    /// The work state of an instance.
    State(String),
    /// The event types.
    Types,
    /// One event type.
    Type(String),
}

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    ///
    /// `invalid_argument` where it names no kind of resource.
    pub fn parse(uri: &str) -> Result<Self> {
        let (path, query) = uri.split_once('?').map_or((uri, None), |(p, q)| (p, Some(q)));
        let parts: Option<Vec<String>> =
            path.strip_prefix("annals://").and_then(|rest| rest.split('/').map(decoded).collect());
        let parts = parts.unwrap_or_default();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        match (parts.as_slice(), query) {
            (["instances"], None) => Ok(Self::Instances),
            (["types"], None) => Ok(Self::Types),
            (["types", name], None) => Ok(Self::Type((*name).to_owned())),
            (["instances", hint], None) => Ok(Self::Instance((*hint).to_owned())),
            (["instances", hint, "state"], None) => Ok(Self::State((*hint).to_owned())),
            (["instances", hint, "events"], query) => {
                Ok(Self::Events((*hint).to_owned(), page(query.unwrap_or_default())?))
            }
            _ => Err(unknown(uri)),
        }
    }

    /// The instance that the address names.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Instance(hint) | Self::Events(hint, _) | Self::State(hint) => Some(hint),
            Self::Instances | Self::Types | Self::Type(_) => None,
        }
    }
}

/// The address of an instance.
pub(super) fn of_instance(handle: &str) -> String {
    format!("{INSTANCES}/{}", utf8_percent_encode(handle, ESCAPED))
}

fn decoded(part: &str) -> Option<String> {
    percent_decode_str(part).decode_utf8().ok().map(|text| text.into_owned())
}

/// Reads `after=N` or `before=N`.
fn page(query: &str) -> Result<EventsPage> {
    if query.is_empty() {
        return Ok(EventsPage::Last);
    }
    let number = |text: &str| text.parse::<i64>().ok();
    let page = match query.split_once('=') {
        Some(("after", text)) => number(text).map(EventsPage::After),
        Some(("before", text)) => number(text).map(EventsPage::Before),
        _ => None,
    };
    page.ok_or_else(|| {
        // Whole, for half of a secret is one that no rule knows.
        let shown: String = text_without_secrets(query).chars().take(40).collect();
        Error::new(
            Code::InvalidArgument,
            format!("{shown:?} names no page of events"),
            "add ?after=N or ?before=N, where N is a sequence number, or nothing for the last \
             events",
        )
        .at("uri")
    })
}

fn unknown(uri: &str) -> Error {
    let shown: String = text_without_secrets(uri).chars().take(120).collect();
    Error::new(
        Code::InvalidArgument,
        format!("there is no resource {shown}"),
        format!(
            "the resources are {INSTANCES}, {INSTANCE_TEMPLATE}, {EVENTS_TEMPLATE}, \
             {STATE_TEMPLATE}, {TYPES} and {TYPE_TEMPLATE}"
        ),
    )
    .at("uri")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_address_is_read() {
        let hint = || "odin-PS-8f4a2b".to_owned();
        for (uri, address) in [
            ("annals://instances", Address::Instances),
            ("annals://types", Address::Types),
            ("annals://types/epic_started", Address::Type("epic_started".into())),
            ("annals://instances/odin-PS-8f4a2b", Address::Instance(hint())),
            ("annals://instances/odin-PS-8f4a2b/state", Address::State(hint())),
            ("annals://instances/odin%2DPS-8f4a2b/state", Address::State(hint())),
            ("annals://instances/odin-PS-8f4a2b/events", Address::Events(hint(), EventsPage::Last)),
            (
                "annals://instances/odin-PS-8f4a2b/events?after=7",
                Address::Events(hint(), EventsPage::After(7)),
            ),
            (
                "annals://instances/odin-PS-8f4a2b/events?before=7",
                Address::Events(hint(), EventsPage::Before(7)),
            ),
        ] {
            assert_eq!(Address::parse(uri).unwrap(), address, "{uri}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for uri in [
            "",
            "annals:",
            "annals://",
            "annals://instance",
            "annals://instances/a/b",
            "annals://instances/a/state/b",
            "annals://instances/a/state?after=1",
            "annals://instances/a/events?after=x",
            "annals://instances/a/events?limit=1",
            "annals://instances/%ff",
            "file:///etc/passwd",
        ] {
            let refusal = Address::parse(uri).unwrap_err();
            assert_eq!(refusal.field.as_deref(), Some("uri"), "{uri}");
        }
    }

    #[test]
    fn the_address_of_an_instance_reads_back() {
        let handle = "größe-PS-8f4a2b";
        let uri = of_instance(handle);
        assert!(uri.is_ascii(), "{uri}");
        assert_eq!(Address::parse(&uri).unwrap(), Address::Instance(handle.into()));
    }
}
