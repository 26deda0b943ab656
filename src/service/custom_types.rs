//! Defining event types of one's own, changing them, and retiring them.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Service;
use super::redact::refuse_secret;
use crate::domain::catalogue::{CustomType, Definition};
use crate::domain::error::{Code, Error, Result};
use crate::domain::event::Event;
use crate::store::{NewerEvents, StoredType, TypeChange, TypeTarget, TypesAsked};

/// How often a change is tried while others change the same type, or record events that matter.
const ATTEMPTS: u32 = 32;

/// Defines an event type, or changes its definition.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddEventTypeRequest {
    /// The definition as TOML: name, category, description, required, fields or schema, examples.
    pub definition: String,
    /// Accept a definition that stored events do not fit.
    #[serde(default)]
    pub new_version: bool,
}

/// What became of a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TypeOutcome {
    /// The type is new.
    Added,
    /// The definition is a new version of the type.
    Changed,
    /// The type was retired, and takes events again.
    Revived,
    /// The type has this definition already.
    Unchanged,
}

/// The event type after it was added.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct AddEventTypeAnswer {
    /// Always true.
    pub success: bool,
    /// The event type.
    pub event_type: String,
    /// The version in force.
    pub version: u32,
    /// What the call did: added, changed, revived or unchanged.
    pub outcome: TypeOutcome,
}

/// Retires an event type.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoveEventTypeRequest {
    /// The event type.
    pub event_type: String,
}

/// The event type after it was retired.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct RemoveEventTypeAnswer {
    /// Always true.
    pub success: bool,
    /// The event type.
    pub event_type: String,
    /// The version that was in force.
    pub version: u32,
    /// Whether it was retired before.
    pub unchanged: bool,
}

impl Service {
    /// Defines an event type, or changes it: a changed definition is the next version. The same
    /// definition again changes nothing. Returns once the change is durable; from then on every
    /// process that uses the store goes by it.
    ///
    /// # Errors
    ///
    /// `invalid_event_type`, `unknown_category`; `incompatible_event_type` when an event that fits the
    /// definition until now would not fit the new one, unless `new_version` is asked for;
    /// `event_type_changed`, and `store_*` errors.
    pub async fn add_event_type(&self, request: AddEventTypeRequest) -> Result<AddEventTypeAnswer> {
        let definition = Definition::from_toml(&request.definition)?;
        let written = format!("{} {}", definition.name, definition.text());
        refuse_secret(&self.redactor, &written, "definition", Code::InvalidEventType)?;
        let wanted = Arc::new(CustomType::new(definition, 0));
        let mut attempts = 0;
        loop {
            attempts += 1;
            match self.try_to_add(&wanted, request.new_version).await {
                Err(error) if was_changed(&error) && attempts < ATTEMPTS => {}
                answer => return answer,
            }
        }
    }

    async fn try_to_add(
        &self,
        wanted: &Arc<CustomType>,
        new_version: bool,
    ) -> Result<AddEventTypeAnswer> {
        let definition = wanted.definition();
        let (name, text) = (&definition.name, definition.text());
        let current = self.newest(name).await?;
        let answer = |stored: &StoredType, outcome| AddEventTypeAnswer {
            success: true,
            event_type: stored.name.clone(),
            version: stored.version,
            outcome,
        };
        let outcome = match &current {
            None => TypeOutcome::Added,
            Some(current) if current.retired_at.is_some() => TypeOutcome::Revived,
            Some(current) if current.definition == text => {
                return Ok(answer(current, TypeOutcome::Unchanged));
            }
            Some(_) => TypeOutcome::Changed,
        };
        let newer = if new_version {
            None
        } else {
            Some(self.check_stored_events(wanted, current.as_ref()).await?)
        };
        let change = TypeChange {
            name: name.clone(),
            expected: current.map_or(0, |current| current.change),
            to: TypeTarget::Defined { definition: text, newer },
            made_at: None,
        };
        Ok(answer(&self.store.change_event_type(change).await?, outcome))
    }

    /// Retires an event type: it takes no new events. Its stored events stay as they are, can be
    /// queried by its name, and are replayed. Adding a definition of that name again revives it.
    ///
    /// # Errors
    ///
    /// `unknown_event_type`, `invalid_event_type` for a built-in type, `event_type_changed`, and
    /// `store_*` errors.
    pub async fn remove_event_type(
        &self,
        request: RemoveEventTypeRequest,
    ) -> Result<RemoveEventTypeAnswer> {
        let name = request.event_type.as_str();
        if self.catalogue.get(name).is_some() {
            return Err(Error::new(
                Code::InvalidEventType,
                format!("{name} is a built-in event type, which cannot be removed"),
                "only types that were added with `annals types add` can be removed",
            )
            .at("event_type"));
        }
        let mut attempts = 0;
        loop {
            attempts += 1;
            match self.try_to_remove(name).await {
                Err(error) if was_changed(&error) && attempts < ATTEMPTS => {}
                answer => return answer,
            }
        }
    }

    async fn try_to_remove(&self, name: &str) -> Result<RemoveEventTypeAnswer> {
        let Some(current) = self.newest(name).await? else {
            self.all_types().await?.require(name)?;
            return Err(crate::integrity::type_changed(name));
        };
        let unchanged = current.retired_at.is_some();
        if !unchanged {
            let (name, expected) = (name.to_owned(), current.change);
            let change = TypeChange { name, expected, to: TypeTarget::Retired, made_at: None };
            self.store.change_event_type(change).await?;
        }
        let (event_type, version) = (current.name, current.version);
        Ok(RemoveEventTypeAnswer { success: true, event_type, version, unchanged })
    }

    async fn newest(&self, name: &str) -> Result<Option<StoredType>> {
        Ok(self.store.event_types(&TypesAsked::Named(vec![name.to_owned()])).await?.pop())
    }

    /// Reads all stored events of the type; refuses when there are some that `wanted` would make
    /// invalid. An event that does not fit the current definition either is no reason to refuse: it
    /// was accepted as it is when that definition came.
    async fn check_stored_events(
        &self,
        wanted: &Arc<CustomType>,
        current: Option<&StoredType>,
    ) -> Result<NewerEvents> {
        // One that cannot be read says of no event that it does not fit.
        let current = current.and_then(|stored| {
            let definition = Definition::from_stored(&stored.name, &stored.definition).ok()?;
            Some(CustomType::new(definition, stored.version))
        });
        let name = wanted.definition().name.clone();
        let wanted = Arc::clone(wanted);
        let fault = move |event: &Event| -> Option<Error> {
            // What cannot be read is no longer there to fit anything.
            let data = event.event_data.value().ok()?;
            let fault = wanted.validate(&data).err()?;
            current.as_ref().is_none_or(|current| current.validate(&data).is_ok()).then_some(fault)
        };
        let mut scan = self.store.scan_event_type(&name).await?;
        let mut misfits = Misfits::default();
        while let Some(chunk) = scan.events.recv().await {
            for event in chunk? {
                misfits.events += 1;
                if let Some(fault) = fault(&event) {
                    misfits.count += 1;
                    misfits.first.get_or_insert((event, fault));
                }
            }
        }
        misfits.refuse(&name)?;
        Ok(NewerEvents { after: scan.end, fits: Arc::new(move |event| fault(event).is_none()) })
    }
}

fn was_changed(error: &Error) -> bool {
    error.code == Code::EventTypeChanged
}

/// The stored events of a type that do not fit a new definition.
#[derive(Default)]
struct Misfits {
    /// How many events there are.
    events: u64,
    /// How many do not fit.
    count: u64,
    /// The first that does not, and why.
    first: Option<(Event, Error)>,
}

impl Misfits {
    fn refuse(self, name: &str) -> Result<()> {
        let Some((event, fault)) = self.first else { return Ok(()) };
        let (count, events) = (self.count, self.events);
        let message = format!(
            "{count} of {events} stored events of {name} do not fit the new definition; the first is \
             event {} of instance {}: {}",
            event.sequence_num, event.instance_id, fault.message
        );
        let first = json!({
            "instance_id": event.instance_id.to_string(),
            "sequence_num": event.sequence_num,
            "event_id": event.event_id.to_string(),
            "code": fault.code.as_str(),
            "field": fault.field,
        });
        Err(Error::new(
            Code::IncompatibleEventType,
            message,
            "keep the definition open to stored events, or ask for a new version (--new-version), \
             which leaves them as they are",
        )
        .at("definition")
        .with("misfits", count)
        .with("first_misfit", first))
    }
}
