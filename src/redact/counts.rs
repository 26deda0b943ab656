//! How many secrets were redacted, by rule.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::scan::Found;
use crate::domain::error::{Code, Error, Result};

/// The key of an event's metadata that holds the counts. Reserved: a caller may send counts of an
/// earlier redaction there, and nothing else.
pub const METADATA_KEY: &str = "redactions";

/// How many secrets were redacted, by rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts(BTreeMap<String, u64>);

impl Counts {
    /// Whether nothing was redacted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The counts, by the names of the rules.
    pub fn by_rule(&self) -> &BTreeMap<String, u64> {
        &self.0
    }

    /// Counts findings.
    pub fn add(&mut self, found: &[Found]) {
        for found in found {
            *self.0.entry(found.rule.to_owned()).or_default() += 1;
        }
    }

    /// The counts that `metadata` has already, from an earlier redaction.
    ///
    /// # Errors
    ///
    /// `invalid_metadata` when something else stands there.
    pub fn of_metadata(metadata: Option<&Value>) -> Result<Self> {
        let Some(value) = metadata.and_then(|metadata| metadata.get(METADATA_KEY)) else {
            return Ok(Self::default());
        };
        let count = |(rule, count): (&String, &Value)| Some((rule.clone(), count.as_u64()?));
        let counts = value.as_object().and_then(|counts| counts.iter().map(count).collect());
        counts.map(Self).ok_or_else(|| {
            Error::new(
                Code::InvalidMetadata,
                format!(
                    "metadata.{METADATA_KEY} is reserved for the number of redacted secrets by rule"
                ),
                "use another name for your own tag",
            )
            .at(format!("metadata.{METADATA_KEY}"))
        })
    }

    /// Adds these counts to what `metadata` has already, see [`Counts::of_metadata`].
    ///
    /// # Errors
    ///
    /// `invalid_metadata` when something else stands there.
    pub fn record(mut self, metadata: &mut Map<String, Value>) -> Result<()> {
        let before = metadata.get(METADATA_KEY).cloned();
        let before =
            before.map(|counts| Value::Object(Map::from_iter([(METADATA_KEY.to_owned(), counts)])));
        for (rule, count) in Self::of_metadata(before.as_ref())?.0 {
            let total = self.0.entry(rule).or_default();
            *total = total.saturating_add(count);
        }
        let counts = self.0.into_iter().map(|(rule, count)| (rule, count.into())).collect();
        metadata.insert(METADATA_KEY.to_owned(), Value::Object(counts));
        Ok(())
    }
}
