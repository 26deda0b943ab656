//! Times for people: local, and ages in words. JSON has RFC 3339 in UTC instead.

use jiff::tz::TimeZone;

use crate::domain::time::{InvalidTime, Timestamp, parse_start};

/// A time in the user's time zone, to the second.
pub fn local(time: Timestamp) -> String {
    match time.to_jiff() {
        Some(time) => time.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string(),
        None => time.to_string(),
    }
}

/// An age in one unit: `42s`, `7m`, `3h`, `12d`.
pub fn age(seconds: f64) -> String {
    match seconds as u64 {
        seconds @ 0..60 => format!("{seconds}s"),
        seconds @ 60..3_600 => format!("{}m", seconds / 60),
        seconds @ 3_600..172_800 => format!("{}h", seconds / 3_600),
        seconds => format!("{}d", seconds / 86_400),
    }
}

/// A point in time as people type it: a span before now (`2h`, `3 days`), or what the service takes.
pub fn point(text: &str, now: Timestamp) -> String {
    let known: Result<Timestamp, InvalidTime> = parse_start(text);
    if known.is_ok() {
        return text.to_owned();
    }
    let span: Option<jiff::Span> = text.trim_end_matches(" ago").parse().ok();
    let before = span.and_then(|span| {
        let now = now.to_jiff()?.to_zoned(TimeZone::system());
        now.checked_sub(span).ok()
    });
    before.map_or_else(|| text.to_owned(), |time| time.timestamp().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_before_now_and_all_else_is_left_to_the_service() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        assert_eq!(point("2h", now), "2026-11-23T10:00:00Z");
        assert_eq!(point("90 minutes ago", now), "2026-11-23T10:30:00Z");
        assert_eq!(point("2026-11-01", now), "2026-11-01");
        assert_eq!(point("soon", now), "soon");
    }

    #[test]
    fn ages_are_in_one_unit() {
        assert_eq!([0.9, 61.0, 7_300.0, 864_000.0].map(age), ["0s", "1m", "2h", "10d"]);
    }
}
