//! The built-in types together with the custom ones that a call needs.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::custom::CustomType;
use super::{Catalogue, Category, EventTypeDetails, EventTypeEntry, nearest};
use crate::domain::error::{Code, Error, Result};
use crate::domain::event::TypeCheck;

/// A custom type as it stands in the store at one moment.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The newest version.
    pub newest: Arc<CustomType>,
    /// The change that brought the type to where it stands; see [`TypeCheck::FitsAsOf`].
    pub change: u64,
    /// Whether the type takes no new events.
    pub retired: bool,
}

/// The types that are known to one call. A built-in type goes before a custom one of its name,
/// which can stand in a store since before the built-in type came.
#[derive(Clone, Debug)]
pub struct KnownTypes {
    builtin: &'static Catalogue,
    custom: BTreeMap<String, Standing>,
    /// Custom types whose stored definition cannot be read, and why.
    unreadable: BTreeMap<String, Error>,
}

impl From<&'static Catalogue> for KnownTypes {
    fn from(builtin: &'static Catalogue) -> Self {
        Self { builtin, custom: BTreeMap::new(), unreadable: BTreeMap::new() }
    }
}

impl KnownTypes {
    /// These built-in and custom types.
    pub fn new(builtin: &'static Catalogue, custom: impl IntoIterator<Item = Standing>) -> Self {
        let custom = custom
            .into_iter()
            .map(|standing| (standing.newest.definition().name.clone(), standing))
            .filter(|(name, _)| builtin.get(name).is_none())
            .collect();
        Self { builtin, custom, unreadable: BTreeMap::new() }
    }

    /// The same besides custom types that cannot be read, each with the reason.
    #[must_use]
    pub fn with_unreadable(mut self, unreadable: BTreeMap<String, Error>) -> Self {
        self.unreadable = unreadable;
        self
    }

    /// The custom type of this name, retired or not.
    pub fn custom(&self, name: &str) -> Option<&Standing> {
        self.custom.get(name)
    }

    /// The types whose definition cannot be read, and why.
    pub fn unreadable(&self) -> &BTreeMap<String, Error> {
        &self.unreadable
    }

    /// Refuses a name that no type has. A retired type is known, and one that cannot be read.
    ///
    /// # Errors
    ///
    /// `unknown_event_type`, with the nearest names of types that take events.
    pub fn require(&self, name: &str) -> Result<()> {
        match self.category(name) {
            Some(_) => Ok(()),
            None if self.unreadable.contains_key(name) => Ok(()),
            None => Err(self.unknown(name)),
        }
    }

    /// The category of the type of this name; of a custom type, that of its newest version.
    pub fn category(&self, name: &str) -> Option<Category> {
        self.builtin
            .category(name)
            .or_else(|| self.custom.get(name).map(|custom| custom.newest.category()))
    }

    /// The names of all types of a category, retired ones too.
    pub fn names_of(&self, category: Category) -> Vec<String> {
        let builtin = self.builtin.types().map(|event_type| event_type.name);
        let names = builtin.chain(self.custom.keys().map(String::as_str));
        names.filter(|name| self.category(name) == Some(category)).map(str::to_owned).collect()
    }

    /// Checks that the type is known and takes events, and that the payload fits it; see
    /// [`Catalogue::validate`].
    ///
    /// # Errors
    ///
    /// As [`Catalogue::validate`]; `unknown_event_type` for a retired type too, `store_corrupt` for one
    /// that cannot be read.
    pub fn validate(&self, name: &str, event_data: &Value) -> Result<TypeCheck> {
        match self.custom.get(name) {
            Some(custom) if custom.retired => Err(retired(name)),
            Some(custom) => {
                custom.newest.validate(event_data)?;
                Ok(TypeCheck::FitsAsOf(custom.change))
            }
            None if self.builtin.get(name).is_some() => {
                self.builtin.validate(name, event_data)?;
                Ok(TypeCheck::Fits)
            }
            None => Err(self.not_known(name)),
        }
    }

    /// Whether the store alone records the type.
    pub fn is_store_only(&self, name: &str) -> bool {
        self.builtin.get(name).is_some_and(|event_type| event_type.store_only)
    }

    /// The types that can be recorded, by category; in each the built-in types first.
    pub fn entries(&self) -> Vec<EventTypeEntry> {
        let of_category = |category: Category| {
            let builtin = self.builtin.types().filter(move |known| known.category == category);
            let custom = self
                .custom
                .values()
                .filter(move |custom| !custom.retired && custom.newest.category() == category);
            builtin.map(|known| known.entry()).chain(custom.map(|custom| custom.newest.entry()))
        };
        Category::ALL.into_iter().flat_map(of_category).collect()
    }

    /// One type with its JSON Schema.
    ///
    /// # Errors
    ///
    /// `unknown_event_type`, with the nearest names; `store_corrupt` for one that cannot be read.
    pub fn details(&self, name: &str) -> Result<EventTypeDetails> {
        match (self.builtin.get(name), self.custom.get(name)) {
            (Some(builtin), _) => Ok(builtin.details()),
            (None, Some(custom)) => {
                let mut details = custom.newest.details();
                details.entry.retired = custom.retired;
                Ok(details)
            }
            (None, None) => Err(self.not_known(name)),
        }
    }

    fn not_known(&self, name: &str) -> Error {
        self.unreadable.get(name).cloned().unwrap_or_else(|| self.unknown(name))
    }

    fn unknown(&self, name: &str) -> Error {
        let builtin = self.builtin.types().filter(|event_type| !event_type.store_only);
        let custom = self.custom.iter().filter(|(_, custom)| !custom.retired);
        let open =
            builtin.map(|event_type| event_type.name).chain(custom.map(|(name, _)| name.as_str()));
        super::unknown(name, nearest(name, open))
    }
}

fn retired(name: &str) -> Error {
    Error::new(
        Code::UnknownEventType,
        format!("the event type {name} is retired: it takes no new events"),
        "use another event type; adding its definition again (annals types add) brings it back",
    )
    .at("event_type")
}
