//! The file itself: its schema, whether it is whole, its log, its lock; and the clock.

use super::{Finding, bytes};
use crate::domain::time::{SECOND, Timestamp};
use crate::store::Inside;

/// A log beyond this is not moved into the file as it should be. Under load it has up to 128 MiB.
const LARGE_LOG: u64 = 256 * 1024 * 1024;

/// A clock before this is not set: 2026-01-01T00:00:00Z, in microseconds.
const UNSET: i64 = 1_767_225_600 * SECOND;

/// How far the newest event may be ahead of the clock.
const AHEAD: i64 = 2 * SECOND;

/// Judges a store.
pub fn examine(inside: &Inside) -> Vec<Finding> {
    let mut findings = vec![schema(inside), integrity(inside)];
    findings.push(journal(inside));
    if inside.is_locked {
        findings.push(Finding::warning(
            "lock",
            "another program has held the write lock for a second",
            "events wait meanwhile, and are refused with store_locked after ten seconds",
            "wait for it, or stop it: see programs",
        ));
    }
    findings
}

fn schema(inside: &Inside) -> Finding {
    let (found, newest) = (inside.schema_version, inside.newest_schema);
    if found > newest {
        return Finding::problem(
            "schema",
            format!("version {found}; this Annals knows versions up to {newest}"),
            "this Annals does not touch the store",
            "update Annals on this machine",
        );
    }
    if let Some(fault) = &inside.schema_fault {
        let meaning = format!("this Annals does not use the store ({})", fault.code);
        return Finding::problem("schema", fault.message.clone(), meaning, fault.hint.clone());
    }
    if found < newest {
        return Finding::warning(
            "schema",
            format!("version {found}; this Annals writes version {newest}"),
            "the next command that opens the store brings it up to date; older Annals cannot use \
             it then",
            "make a copy if you mean to go back, then run: annals instances",
        );
    }
    Finding::ok("schema", format!("version {found}, the newest"))
}

fn integrity(inside: &Inside) -> Finding {
    if inside.damage.is_empty() {
        return Finding::ok("integrity", "the file is whole (PRAGMA quick_check)");
    }
    Finding::problem(
        "integrity",
        format!("the file is damaged: {}", inside.damage.join("; ")),
        "events may be unreadable",
        "stop every program that uses it, copy the file and those beside it, and restore a backup; \
         annals verify names the instances that are whole",
    )
}

fn journal(inside: &Inside) -> Finding {
    if inside.journal_mode != "wal" {
        return Finding::warning(
            "log",
            format!("the journal mode is {}, not wal", inside.journal_mode),
            "another program changed it; readers and writers wait for each other",
            "the next command that writes changes it back",
        );
    }
    let message = format!("write-ahead log of {}", bytes(inside.log_bytes));
    if inside.log_bytes > LARGE_LOG {
        return Finding::warning(
            "log",
            message,
            "it cannot be moved into the file while a program reads an old state of it, and reads \
             become slower",
            "end the program that has been reading for long: see programs",
        );
    }
    Finding::ok("log", message)
}

/// Judges the clock of the system.
pub fn clock(newest: Option<Timestamp>, now: Timestamp) -> Finding {
    let fix = "set the clock, and keep it set by NTP";
    if now.micros() < UNSET {
        return Finding::problem(
            "clock",
            format!("it is {now} by the clock of this machine"),
            "the clock is not set; times of events will be wrong for ever",
            fix,
        );
    }
    match newest.map(|newest| newest.since(now)) {
        Some(ahead) if ahead > AHEAD => Finding::warning(
            "clock",
            format!("the newest event is {} ahead of the clock", span(ahead)),
            "the clock was set back, or ran ahead; times within an instance never decrease, so its \
             next events get the time of the last one until the clock is past it",
            fix,
        ),
        _ => Finding::ok("clock", "not behind the newest event"),
    }
}

/// A span of time in its largest unit.
fn span(micros: i64) -> String {
    let seconds = micros / SECOND;
    match seconds {
        ..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}
