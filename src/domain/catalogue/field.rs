//! The fields of an event type: what a payload may hold under which name.

use std::fmt;

/// The most characters of an identifier such as an epic's.
pub const ID_CHARS: u32 = 128;
/// The most characters of a name or a label.
pub const LABEL_CHARS: u32 = 256;
/// The most characters of a URL.
pub const URL_CHARS: u32 = 2_048;
/// The most characters of a path.
pub const PATH_CHARS: u32 = 4_096;
/// The most characters of an entry of a list.
pub const ENTRY_CHARS: u32 = 4_096;
/// The most characters of a longer text such as a message.
pub const MESSAGE_CHARS: u32 = 65_536;
/// The most characters of a time; RFC 3339 needs far fewer.
pub const TIME_CHARS: u32 = 64;
/// The most entries of a list.
pub const LIST_ITEMS: u32 = 1_000;
/// The largest count, duration or size.
pub const LARGEST: i64 = 1_000_000_000;
/// The most hours of an estimate or of work done.
pub const HOURS: i64 = 100_000;
/// The largest whole number that every JSON parser reads exactly: 2⁵³ − 1.
pub const LARGEST_EXACT: i64 = 9_007_199_254_740_991;

/// A field that an event type knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// The full name.
    pub name: &'static str,
    /// Other names under which the same value may be given.
    pub aliases: &'static [&'static str],
    /// What values it takes.
    pub kind: Kind,
    /// What a number counts in, where its meaning does not say.
    pub unit: Option<&'static str>,
    /// What the field means, in a few words without a full stop.
    pub doc: &'static str,
}

/// What values a field takes. Every bound is inclusive; characters are Unicode code points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A string of so many characters.
    Text {
        /// The fewest characters: 1 where an empty text would say nothing.
        min: u32,
        /// The most characters.
        max: u32,
    },
    /// A string that holds an RFC 3339 time with an offset.
    Time,
    /// A whole number; `60.0` is one too.
    Integer {
        /// The smallest value.
        min: i64,
        /// The largest value.
        max: i64,
    },
    /// Any number.
    Number {
        /// The smallest value.
        min: i64,
        /// The largest value.
        max: i64,
    },
    /// True or false.
    Flag,
    /// An array of strings.
    TextList {
        /// The most entries.
        max_items: u32,
        /// The most characters of an entry.
        max_chars: u32,
    },
    /// An object with any content.
    Object,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Kind::Text { min: 0, max } => write!(f, "string, at most {} characters", Grouped(max)),
            Kind::Text { min, max } => write!(f, "string, {min} to {} characters", Grouped(max)),
            Kind::Time => f.write_str("string, an RFC 3339 time with an offset"),
            Kind::Integer { min, max } => {
                write!(f, "integer, {} to {}", Grouped(min), Grouped(max))
            }
            Kind::Number { min, max } => write!(f, "number, {} to {}", Grouped(min), Grouped(max)),
            Kind::Flag => f.write_str("boolean"),
            Kind::TextList { max_items, max_chars } => {
                let (items, chars) = (Grouped(max_items), Grouped(max_chars));
                write!(f, "array of at most {items} strings of at most {chars} characters")
            }
            Kind::Object => f.write_str("object"),
        }
    }
}

/// A whole number written with commas between its thousands.
pub struct Grouped<N>(pub N);

impl<N: Copy + Into<i64>> fmt::Display for Grouped<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number: i64 = self.0.into();
        let digits = number.unsigned_abs().to_string();
        if number < 0 {
            f.write_str("-")?;
        }
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

impl Field {
    /// A field without aliases or a unit.
    pub const fn new(name: &'static str, kind: Kind, doc: &'static str) -> Self {
        Self { name, aliases: &[], kind, unit: None, doc }
    }

    /// The same field, also known by other names.
    #[must_use]
    pub const fn also(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    /// The same field with its unit.
    #[must_use]
    pub const fn in_unit(mut self, unit: &'static str) -> Self {
        self.unit = Some(unit);
        self
    }

    /// The full name and the aliases.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }

    /// The meaning with the unit, for a person.
    pub fn meaning(&self) -> String {
        match self.unit {
            Some(unit) => format!("{}, in {unit}", self.doc),
            None => self.doc.to_owned(),
        }
    }
}

/// An identifier: never empty.
pub const fn id(name: &'static str, doc: &'static str) -> Field {
    Field::new(name, Kind::Text { min: 1, max: ID_CHARS }, doc)
}

/// A name that identifies something: never empty.
pub const fn title(name: &'static str, doc: &'static str) -> Field {
    Field::new(name, Kind::Text { min: 1, max: LABEL_CHARS }, doc)
}

/// A short text.
pub const fn label(name: &'static str, doc: &'static str) -> Field {
    Field::new(name, Kind::Text { min: 0, max: LABEL_CHARS }, doc)
}

/// A URL: never empty, not checked further.
pub const fn url(name: &'static str, doc: &'static str) -> Field {
    Field::new(name, Kind::Text { min: 1, max: URL_CHARS }, doc)
}

/// A path in a file system.
pub const fn path(name: &'static str, doc: &'static str) -> Field {
    Field::new(name, Kind::Text { min: 0, max: PATH_CHARS }, doc)
}

/// A longer text.
pub const fn message(name: &'static str, doc: &'static str) -> Field {
    Field::new(name, Kind::Text { min: 0, max: MESSAGE_CHARS }, doc)
}

/// A longer text that identifies something: never empty.
pub const fn statement(name: &'static str, doc: &'static str) -> Field {
    Field::new(name, Kind::Text { min: 1, max: MESSAGE_CHARS }, doc)
}

/// A point in time.
pub const fn time(name: &'static str, doc: &'static str) -> Field {
    Field::new(name, Kind::Time, doc)
}

/// How many there are.
pub const fn count(name: &'static str, doc: &'static str) -> Field {
    integer(name, 0, LARGEST, doc)
}

/// A whole number with its own bounds.
pub const fn integer(name: &'static str, min: i64, max: i64, doc: &'static str) -> Field {
    Field::new(name, Kind::Integer { min, max }, doc)
}

/// A share of a hundred.
pub const fn percent(name: &'static str, doc: &'static str) -> Field {
    Field::new(name, Kind::Number { min: 0, max: 100 }, doc).in_unit("percent")
}

/// A share of one.
pub const fn share(name: &'static str, doc: &'static str) -> Field {
    Field::new(name, Kind::Number { min: 0, max: 1 }, doc)
}

/// Hours of work.
pub const fn hours(name: &'static str, doc: &'static str) -> Field {
    Field::new(name, Kind::Number { min: 0, max: HOURS }, doc).in_unit("hours")
}

/// A duration in seconds.
pub const fn seconds(name: &'static str, doc: &'static str) -> Field {
    Field::new(name, Kind::Number { min: 0, max: LARGEST }, doc).in_unit("seconds")
}

/// A duration in milliseconds.
pub const fn milliseconds(name: &'static str, doc: &'static str) -> Field {
    Field::new(name, Kind::Number { min: 0, max: LARGEST }, doc).in_unit("milliseconds")
}

/// True or false.
pub const fn flag(name: &'static str, doc: &'static str) -> Field {
    Field::new(name, Kind::Flag, doc)
}

/// A list of names, sentences or paths.
pub const fn list(name: &'static str, doc: &'static str) -> Field {
    Field::new(name, Kind::TextList { max_items: LIST_ITEMS, max_chars: ENTRY_CHARS }, doc)
}

/// An object with any content.
pub const fn object(name: &'static str, doc: &'static str) -> Field {
    Field::new(name, Kind::Object, doc)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_separated() {
        for (number, text) in [
            (0, "0"),
            (-1, "-1"),
            (999, "999"),
            (1_000, "1,000"),
            (-123_456, "-123,456"),
            (LARGEST, "1,000,000,000"),
        ] {
            assert_eq!(Grouped(number).to_string(), text);
        }
    }

    #[test]
    fn a_kind_reads_as_type_and_bounds() {
        assert_eq!(percent("x", "").kind.to_string(), "number, 0 to 100");
        assert_eq!(id("x", "").kind.to_string(), "string, 1 to 128 characters");
        assert_eq!(message("x", "").kind.to_string(), "string, at most 65,536 characters");
        assert_eq!(
            list("x", "").kind.to_string(),
            "array of at most 1,000 strings of at most 4,096 characters"
        );
    }
}
