//! Times for people: local, and ages in words. JSON has RFC 3339 in UTC instead.

use jiff::civil;
use jiff::tz::TimeZone;

use crate::domain::time::{InvalidTime, SECOND, Timestamp, parse_start};

/// A time in the user's time zone, to the second.
pub fn local(time: Timestamp) -> String {
    match time.to_jiff() {
        Some(time) => time.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string(),
        None => time.to_string(),
    }
}

/// How long ago in one unit: `just now`, `42s ago`, `7m ago`, `3h ago`, `12d ago`.
pub fn ago(seconds: f64) -> String {
    match seconds as u64 {
        0 => "just now".to_owned(),
        seconds @ 1..60 => format!("{seconds}s ago"),
        seconds @ 60..3_600 => format!("{}m ago", seconds / 60),
        seconds @ 3_600..172_800 => format!("{}h ago", seconds / 3_600),
        seconds => format!("{}d ago", seconds / 86_400),
    }
}

/// Which end of what a person typed is meant: `09:30:15` is a whole second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// Its first moment.
    Start,
    /// Its last moment.
    End,
}

/// A point in time as people type it: a span before now (`2h`, `3 days ago`), a local time as this
/// program prints it (`2026-11-23 09:30:15`, `09:30`), or what the service takes.
pub fn point(text: &str, now: Timestamp, edge: Edge) -> String {
    point_in(text, now, edge, TimeZone::system())
}

fn point_in(text: &str, now: Timestamp, edge: Edge, zone: TimeZone) -> String {
    let known: Result<Timestamp, InvalidTime> = parse_start(text);
    if known.is_ok() {
        return text.to_owned();
    }
    let Some(now) = now.to_jiff().map(|now| now.to_zoned(zone.clone())) else {
        return text.to_owned();
    };
    let before = || {
        let span: jiff::Span = text.trim_end_matches(" ago").parse().ok()?;
        now.checked_sub(span).ok().map(|time| time.timestamp().to_string())
    };
    let local = || {
        let time = text
            .parse::<civil::DateTime>()
            .or_else(|_| text.parse::<civil::Time>().map(|time| now.date().to_datetime(time)));
        let start = time.ok()?.to_zoned(zone.clone()).ok()?.timestamp();
        let start = Timestamp::from_micros(start.as_microsecond());
        let shown = if edge == Edge::End { start.plus(SECOND - 1) } else { start };
        Some(shown.to_string())
    };
    before().or_else(local).unwrap_or_else(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, edge: Edge) -> String {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        point_in(text, now, edge, TimeZone::fixed(jiff::tz::offset(-5)))
    }

    #[test]
    fn spans_are_before_now() {
        assert_eq!(at("2h", Edge::Start), "2026-11-23T10:00:00Z");
        assert_eq!(at("90 minutes ago", Edge::End), "2026-11-23T10:30:00Z");
    }

    #[test]
    fn a_local_time_is_the_whole_second() {
        assert_eq!(at("2026-11-22 09:30:15", Edge::Start), "2026-11-22T14:30:15.000000Z");
        assert_eq!(at("2026-11-22 09:30:15", Edge::End), "2026-11-22T14:30:15.999999Z");
        assert_eq!(at("06:30", Edge::Start), "2026-11-23T11:30:00.000000Z");
    }

    #[test]
    fn all_else_is_left_to_the_service() {
        for text in ["2026-11-01", "2026-11-01T00:00:00Z", "soon", "", "2026-13-01", "9e9y"] {
            assert_eq!(at(text, Edge::End), text);
        }
    }

    #[test]
    fn ages_are_in_one_unit() {
        assert_eq!(
            [0.9, 59.9, 61.0, 7_300.0, 864_000.0].map(ago),
            ["just now", "59s ago", "1m ago", "2h ago", "10d ago"]
        );
    }
}
