//! The event types that a call goes by: the built-in ones, and the custom ones of the store as they
//! stand now. Whatever another process has changed holds at once, so the store is asked in every
//! call that names a type which is not built in. Compiled schemas are kept: a version never changes.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use super::Service;
use crate::domain::catalogue::{CustomType, Definition, KnownTypes, Standing};
use crate::domain::error::Result;
use crate::store::{StoredType, TypesAsked};

/// The newest versions that were read, by name.
#[derive(Default)]
pub struct Cache {
    types: Mutex<HashMap<String, Arc<CustomType>>>,
}

impl Cache {
    /// The version, from here where it was read before.
    fn version(&self, stored: &StoredType) -> Result<Arc<CustomType>> {
        let mut types = self.types.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = types.get(&stored.name).filter(|t| t.version() == stored.version) {
            return Ok(Arc::clone(known));
        }
        let definition = Definition::from_stored(&stored.name, &stored.definition)?;
        let read = Arc::new(CustomType::new(definition, stored.version));
        types.insert(stored.name.clone(), Arc::clone(&read));
        Ok(read)
    }
}

impl Service {
    /// The built-in types, and the custom ones of these names. Where a name is unknown, every custom
    /// type, so that the refusal can name the nearest.
    pub(super) async fn types_named(
        &self,
        names: impl Iterator<Item = &str>,
    ) -> Result<KnownTypes> {
        let mut asked: Vec<String> =
            names.filter(|name| self.catalogue.get(name).is_none()).map(str::to_owned).collect();
        asked.sort_unstable();
        asked.dedup();
        if asked.is_empty() {
            return Ok(self.catalogue.into());
        }
        let count = asked.len();
        let stored = self.store.event_types(&TypesAsked::Named(asked)).await?;
        if stored.len() < count { self.all_types().await } else { Ok(self.known(&stored)) }
    }

    /// The built-in types and every custom one.
    pub(super) async fn all_types(&self) -> Result<KnownTypes> {
        Ok(self.known(&self.store.event_types(&TypesAsked::Newest).await?))
    }

    /// One that cannot be read keeps nobody from using the others.
    fn known(&self, stored: &[StoredType]) -> KnownTypes {
        let (mut custom, mut unreadable) = (Vec::new(), BTreeMap::new());
        for stored in stored {
            let (change, retired) = (stored.change, stored.retired_at.is_some());
            match self.custom_types.version(stored) {
                Ok(newest) => custom.push(Standing { newest, change, retired }),
                Err(error) => drop(unreadable.insert(stored.name.clone(), error)),
            }
        }
        KnownTypes::new(self.catalogue, custom).with_unreadable(unreadable)
    }
}
