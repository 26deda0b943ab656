//! Checking arguments that several use cases take.

use crate::domain::error::{Code, Error, Result};
use crate::domain::ids::EventId;
use crate::domain::limits::Limits;
use crate::domain::shown::shown;
use crate::domain::time::{InvalidTime, TimeRange, Timestamp, parse_end, parse_start};

/// A page size.
pub fn limit(given: Option<i64>, limits: &Limits) -> Result<u32> {
    let most = limits.query_limit;
    let wanted = given.map_or(Some(limits.page()), |given| usize::try_from(given).ok());
    match wanted.filter(|wanted| (1..=most).contains(wanted)).map(u32::try_from) {
        Some(Ok(limit)) => Ok(limit),
        _ => Err(Error::new(
            Code::InvalidLimit,
            format!("limit is {}, it must be 1 to {most}", given.unwrap_or_default()),
            "ask for a page within these bounds, and for the next one with its cursor",
        )
        .at("limit")),
    }
}

/// How many to leave out.
pub fn offset(given: Option<i64>) -> Result<u64> {
    u64::try_from(given.unwrap_or(0)).map_err(|_| {
        Error::new(
            Code::InvalidOffset,
            format!("offset is {}, it must be 0 or more", given.unwrap_or(0)),
            "count from 0: offset 100 leaves out the first 100",
        )
        .at("offset")
    })
}

/// A sequence number that starts from `least`.
pub fn sequence(given: Option<i64>, field: &str, least: u64) -> Result<Option<u64>> {
    let Some(given) = given else { return Ok(None) };
    match u64::try_from(given) {
        Ok(number) if number >= least => Ok(Some(number)),
        _ => Err(Error::new(
            Code::InvalidSequence,
            format!("{field} is {given}, it must be {least} or more"),
            "events of an instance are numbered 1, 2, 3 …",
        )
        .at(field)),
    }
}

/// A range of dates, both ends included.
pub fn date_range(start: Option<&str>, end: Option<&str>) -> Result<TimeRange> {
    let range = TimeRange {
        start: start.map(|text| date(text, "filters.start_date", parse_start)).transpose()?,
        end: end.map(|text| date(text, "filters.end_date", parse_end)).transpose()?,
    };
    match range {
        TimeRange { start: Some(start), end: Some(end) } if start > end => Err(Error::new(
            Code::InvalidDateRange,
            format!("start_date {start} is after end_date {end}"),
            "swap the two dates, or leave one out",
        )
        .at("filters.start_date")),
        range => Ok(range),
    }
}

/// A point in time.
pub fn time(text: &str, field: &str) -> Result<Timestamp> {
    date(text, field, str::parse)
}

fn date(
    text: &str,
    field: &str,
    parse: fn(&str) -> std::result::Result<Timestamp, InvalidTime>,
) -> Result<Timestamp> {
    parse(text).map_err(|_| {
        let shown = shown(text, 40);
        Error::new(
            Code::InvalidDate,
            format!("{field} is {shown:?}, which is no date"),
            "write RFC 3339 with an offset, such as 2026-11-23T09:30:00Z; filters also take a bare date",
        )
        .at(field)
    })
}

/// An event id.
pub fn event_id(text: &str, field: &str) -> Result<EventId> {
    text.parse().map_err(|_| {
        let shown = shown(text, 40);
        Error::new(
            Code::InvalidEventId,
            format!("{field} is {shown:?}, which is no UUID"),
            "send a UUID, such as 0191e7a4-7c1e-7d20-9a3b-5f2b8c4d6e10, or leave it out",
        )
        .at(field)
    })
}

/// A name: letters, digits, `.`, `_` and `-`, starting with a letter or a digit.
pub fn name(text: &str, field: &str, code: Code, max_chars: usize) -> Result<()> {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-');
    let chars = text.chars().count();
    if (1..=max_chars).contains(&chars)
        && text.chars().all(fits)
        && text.starts_with(char::is_alphanumeric)
    {
        return Ok(());
    }
    let shown = shown(text, 80);
    Err(Error::new(
        code,
        format!(
            "{field} is {shown:?}; it must be 1 to {max_chars} letters, digits, '.', '_' or '-', \
             starting with a letter or a digit"
        ),
        "choose a short name, such as odin or my-project",
    )
    .at(field))
}
