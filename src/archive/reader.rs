//! Holding the lines of an export to its rules.

use std::collections::HashMap;

use serde_json::Value;

use super::record::{self, HeadLine, Header, InstanceLine, Trailer, TypeLine, invalid};
use super::{FORMAT, VERSION, event_line};
use crate::domain::error::{Code, Error, Result};
use crate::domain::event::{Event, Hash};
use crate::domain::ids::{self, InstanceId, StoreId};
use crate::domain::instance::Registration;
use crate::integrity::follows;

/// What a line says.
pub enum Item {
    /// What only the reader needs.
    Frame,
    /// A version of a custom event type.
    Type(TypeLine),
    /// An event that follows on the events before it.
    Event {
        /// The store in which its instance was registered.
        origin: StoreId,
        /// What registering set, with the first event of an instance.
        register: Option<Registration>,
        /// The event.
        event: Box<Event>,
        /// Its place in the feed of the exported store.
        cursor: String,
    },
}

/// How far the chain of an instance was read.
struct Link {
    instance: InstanceLine,
    last: u64,
    hash: Hash,
}

/// Reads an export line by line, and checks each on what came before. Memory grows with the number
/// of instances, not of events.
#[derive(Default)]
pub struct Reader {
    header: Option<Header>,
    links: HashMap<InstanceId, Link>,
    events: u64,
    heads: u64,
    ended: bool,
    faulty: bool,
}

impl Reader {
    /// Whether a line is the header of an export, of whatever version.
    pub fn recognises(line: &[u8]) -> bool {
        serde_json::from_slice::<Value>(line)
            .is_ok_and(|value| value["record"] == "header" && value["format"] == FORMAT)
    }

    /// The header, once it was read.
    pub fn header(&self) -> Option<&Header> {
        self.header.as_ref()
    }

    /// How many events were read.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// Whether the trailer was read.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// The instances that were read, each with the number and the hash of its last event.
    pub fn heads(&self) -> impl Iterator<Item = HeadLine> {
        self.links.values().map(|link| HeadLine {
            instance_id: link.instance.instance_id,
            sequence_num: link.last,
            hash: record::Hex(link.hash.0),
        })
    }

    /// Takes the next line.
    ///
    /// # Errors
    ///
    /// What [`super::parse`] finds, `invalid_export`, `missing_event`, `hash_mismatch`,
    /// `incomplete_export` for a trailer that counts more. The line is then as if it were not there,
    /// and so the events that follow on it are refused too.
    pub fn take(&mut self, line: &[u8]) -> Result<Item> {
        let taken = self.take_line(line);
        self.faulty |= taken.is_err();
        taken
    }

    /// Notes that a line could not be read at all.
    pub fn missed(&mut self) {
        self.faulty = true;
    }

    /// Ends the export.
    ///
    /// # Errors
    ///
    /// `incomplete_export` when no trailer was read.
    pub fn finish(&self) -> Result<()> {
        if self.ended { Ok(()) } else { Err(incomplete("it ends without its trailer".into())) }
    }

    fn take_line(&mut self, line: &[u8]) -> Result<Item> {
        let mut value = super::parse(line)?;
        let object = value.as_object_mut().ok_or_else(|| invalid("it is no JSON object"))?;
        let kind = match object.remove("record") {
            Some(Value::String(kind)) => kind,
            _ => return Err(invalid("`record` is missing or no text").at("record")),
        };
        if self.ended {
            return Err(invalid("it stands after the trailer"));
        }
        if self.header.is_none() != (kind == "header") {
            return Err(invalid("the header must be the first line, and stand there alone"));
        }
        match kind.as_str() {
            "header" => self.start(record::read(value)?)?,
            "event_type" => return record::read(value).map(Item::Type),
            "instance" => self.instance(record::read(value)?)?,
            "event" => return self.event(value),
            "head" => self.head(&record::read(value)?)?,
            "trailer" => self.end(&record::read(value)?)?,
            _ => return Err(invalid("its `record` is not known").at("record")),
        }
        Ok(Item::Frame)
    }

    fn start(&mut self, header: Header) -> Result<()> {
        if header.format != FORMAT || header.version != VERSION {
            return Err(invalid(format!("the format is not {FORMAT} {VERSION}")).at("version"));
        }
        if header.whole_chains != header.selection.keeps_chains() {
            return Err(invalid("whole_chains contradicts the selection").at("whole_chains"));
        }
        self.header = Some(header);
        Ok(())
    }

    fn instance(&mut self, instance: InstanceLine) -> Result<()> {
        let id = instance.instance_id;
        if self.links.contains_key(&id) {
            return Err(invalid(format!("instance {id} stands there twice")));
        }
        self.links.insert(id, Link { instance, last: 0, hash: Hash::ZERO });
        Ok(())
    }

    fn event(&mut self, value: Value) -> Result<Item> {
        let whole = self.header.as_ref().is_some_and(|header| header.whole_chains);
        let (event, cursor) = event_line::read(value)?;
        let link = self.links.get_mut(&event.instance_id).ok_or_else(|| {
            invalid(format!("the line of instance {} is missing", event.instance_id))
        })?;
        let origin = link.instance.origin_store_id;
        let mut register = None;
        if whole {
            follows(origin, link.last, &link.hash, &event)?;
            if event.sequence_num == 1 {
                register = Some(registration(&link.instance, &event)?);
            }
        }
        link.last = event.sequence_num;
        link.hash = event.hash;
        self.events += 1;
        Ok(Item::Event { origin, register, event: Box::new(event), cursor })
    }

    fn head(&mut self, head: &HeadLine) -> Result<()> {
        self.heads += 1;
        let known = self.links.get(&head.instance_id);
        if known.is_some_and(|link| link.last == head.sequence_num && link.hash.0 == head.hash.0) {
            return Ok(());
        }
        let id = head.instance_id;
        Err(incomplete(format!("the events of instance {id} do not end where they should")))
    }

    fn end(&mut self, trailer: &Trailer) -> Result<()> {
        self.ended = true;
        let read = (self.events, self.links.len() as u64, self.heads);
        // What a refused line held is missing, and that was told already.
        if self.faulty || read == (trailer.events, trailer.instances, trailer.instances) {
            return Ok(());
        }
        Err(incomplete(format!(
            "the trailer counts {} events of {} instances, and {} of {} were read",
            trailer.events, trailer.instances, read.0, read.1
        )))
    }
}

/// What registering set, from the first event.
fn registration(instance: &InstanceLine, first: &Event) -> Result<Registration> {
    let data = first.event_data.value().unwrap_or_default();
    let text = |name: &str| data[name].as_str().map(str::to_owned);
    let (Some(project), Some(instance_type)) = (text("project"), text("instance_type")) else {
        return Err(invalid("the first event of the instance does not register it"));
    };
    let id = instance.instance_id;
    let fits = |digits| ids::handle(&project, &instance_type, id, digits) == instance.handle;
    if !(ids::HANDLE_DIGITS..=ids::MAX_HANDLE_DIGITS).any(fits) {
        return Err(invalid(format!("{:?} is no handle of the instance", instance.handle)));
    }
    Ok(Registration {
        handle: instance.handle.clone(),
        project,
        instance_type,
        host: text("host"),
        pid: data["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok()),
    })
}

fn incomplete(why: String) -> Error {
    Error::new(
        Code::IncompleteExport,
        format!("the export is not whole: {why}"),
        "what was read and stored is right; finish the export with --resume, and import it again",
    )
}
