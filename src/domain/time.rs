//! Points in time: UTC, whole microseconds, written as RFC 3339 with six decimals.

use std::fmt;
use std::str::FromStr;

use jiff::SignedDuration;
use jiff::civil::{DateTime, date};
use jiff::fmt::temporal::Pieces;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A point in time in microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// 1970-01-01T00:00:00Z.
const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// One second in microseconds.
pub const SECOND: i64 = 1_000_000;

/// One day in microseconds.
pub const DAY: i64 = 86_400 * SECOND;

impl Timestamp {
    /// The present time of the system clock.
    pub fn now() -> Self {
        Self(jiff::Timestamp::now().as_microsecond())
    }

    /// From microseconds since the epoch.
    pub fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the epoch.
    pub fn micros(self) -> i64 {
        self.0
    }

    /// This time plus `micros` microseconds, saturating at the ends of the range.
    pub fn plus(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }

    /// Microseconds from `earlier` to this time; negative when `earlier` is later.
    pub fn since(self, earlier: Timestamp) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// As the time library's type; `None` outside the years that it covers (-9999 to 9999).
    pub fn to_jiff(self) -> Option<jiff::Timestamp> {
        jiff::Timestamp::from_microsecond(self.0).ok()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The time library's timestamps end some hours before its dates do.
        match (self.to_jiff(), EPOCH.checked_add(SignedDuration::from_micros(self.0))) {
            (Some(time), _) => write!(f, "{time:.6}"),
            (None, Ok(time)) => write!(f, "{time:.6}Z"),
            (None, Err(_)) => write!(f, "{}us", self.0),
        }
    }
}

/// Why a text is no time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 time with an offset")]
pub struct InvalidTime;

impl FromStr for Timestamp {
    type Err = InvalidTime;

    /// Parses RFC 3339 with an offset, such as `2026-11-23T09:30:00Z`; decimals beyond the
    /// microsecond are cut off. Years 0001 to 9999.
    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        let pieces = Pieces::parse(text).map_err(|_| InvalidTime)?;
        let time = pieces.time().ok_or(InvalidTime)?;
        let offset = pieces.to_numeric_offset().ok_or(InvalidTime)?;
        let written = Self::in_utc(pieces.date().to_datetime(time))?;
        written.plus(-i64::from(offset.seconds()) * SECOND).in_range()
    }
}

impl Timestamp {
    fn in_utc(time: DateTime) -> Result<Self, InvalidTime> {
        // Rounded down, also before 1970.
        let micros = time.duration_since(EPOCH).as_nanos().div_euclid(1_000);
        i64::try_from(micros).map(Self).map_err(|_| InvalidTime)
    }

    /// Within the years 0001 to 9999.
    fn in_range(self) -> Result<Self, InvalidTime> {
        let years = Self::in_utc(date(1, 1, 1).at(0, 0, 0, 0))?
            ..=Self::in_utc(date(9999, 12, 31).at(23, 59, 59, 999_999_999))?;
        if years.contains(&self) { Ok(self) } else { Err(InvalidTime) }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A range of time, both ends included; an absent end is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimeRange {
    /// The earliest time in the range.
    pub start: Option<Timestamp>,
    /// The latest time in the range.
    pub end: Option<Timestamp>,
}

/// Parses the start of a range: a time, or a bare date (`2026-11-23`), which means its first
/// microsecond in UTC.
pub fn parse_start(text: &str) -> Result<Timestamp, InvalidTime> {
    day(text).or_else(|_| text.parse())
}

/// Parses the end of a range: a time, or a bare date, which means its last microsecond in UTC.
pub fn parse_end(text: &str) -> Result<Timestamp, InvalidTime> {
    day(text).map(|start| start.plus(DAY - 1)).or_else(|_| text.parse())
}

fn day(text: &str) -> Result<Timestamp, InvalidTime> {
    if text.len() != "2026-11-23".len() {
        return Err(InvalidTime);
    }
    format!("{text}T00:00:00Z").parse()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_with_six_decimals_and_reads_back() {
        let time: Timestamp = "2026-11-23T10:30:00.123456789+01:00".parse().unwrap();
        assert_eq!(time.to_string(), "2026-11-23T09:30:00.123456Z");
        assert_eq!(time.to_string().parse(), Ok(time));
        assert_eq!(Timestamp::from_micros(0).to_string(), "1970-01-01T00:00:00.000000Z");
    }

    #[test]
    fn the_first_and_the_last_year_are_whole() {
        for text in ["0001-01-01T00:00:00.000000Z", "9999-12-31T23:59:59.999999Z"] {
            let time: Timestamp = text.parse().unwrap();
            assert_eq!(time.to_string(), text);
        }
        assert_eq!(parse_end("9999-12-31"), "9999-12-31T23:59:59.999999Z".parse());
        assert_eq!(
            "1969-12-31T23:59:59.9999999Z".parse::<Timestamp>().unwrap().micros(),
            -1,
            "decimals beyond the microsecond are cut off"
        );
    }

    #[test]
    fn a_bare_date_is_the_whole_day() {
        assert_eq!(parse_start("2026-11-23").unwrap().to_string(), "2026-11-23T00:00:00.000000Z");
        assert_eq!(parse_end("2026-11-23").unwrap().to_string(), "2026-11-23T23:59:59.999999Z");
    }

    #[test]
    fn a_time_without_an_offset_or_out_of_range_is_refused() {
        for text in [
            "",
            "yesterday",
            "2026-11-23T09:30Z[",
            "2026-11-23Z",
            "0001-01-01T00:00:00+00:01",
            "9999-12-31T23:59:59-00:01",
            "10000-01-01",
            "2026-11-23T09:30:00",
            "2026-02-30",
            "0000-01-01",
            "-000001-01-01T00:00:00Z",
        ] {
            assert_eq!(parse_start(text), Err(InvalidTime), "{text}");
        }
    }
}
