//! People read and write local times; programs read RFC 3339 in UTC.

use std::path::Path;

use serde_json::json;

use crate::cli_program::{Home, Ran};

/// The rule of New York, for machines without a time zone database.
const RULE: &str = "EST5EDT,M3.2.0,M11.1.0";
const DATABASE_ENTRY: &str = "/usr/share/zoneinfo/America/New_York";

fn zones() -> Vec<&'static str> {
    let named = Path::new(DATABASE_ENTRY).exists().then_some("America/New_York");
    std::iter::once(RULE).chain(named).collect()
}

#[test]
fn times_are_local_for_people_and_utc_in_json() {
    for zone in zones() {
        let home = Home::new();
        let id = home.register("odin");
        let run = |arguments: &[&str]| {
            let mut command = home.command(&[&["query", &id], arguments].concat());
            command.env("TZ", zone);
            let ran = Ran::of(command);
            assert_eq!(ran.code, 0, "{ran:?}");
            ran
        };
        for time in ["2026-07-04T14:30:15.25Z", "2026-12-04T14:30:15+00:00"] {
            let arguments = ["emit", &id, "turn_completed", "{}", "--occurred-at", time];
            assert_eq!(home.run(&arguments).code, 0);
        }
        let shown = run(&["-t", "turn_completed"]).stdout;
        assert!(shown.contains("2026-07-04 10:30:15  turn_completed"), "{zone}: {shown}");
        assert!(shown.contains("2026-12-04 09:30:15  turn_completed"), "{zone}: {shown}");

        let answer = run(&["-t", "turn_completed", "--order", "asc", "--json"]).json();
        assert_eq!(answer["events"][0]["occurred_at"], "2026-07-04T14:30:15.250000Z");
        assert_eq!(answer["events"][1]["occurred_at"], "2026-12-04T14:30:15.000000Z");
        let stored = answer["events"][0]["timestamp"].as_str().unwrap();
        assert!(stored.ends_with('Z'), "{stored}");

        // What is shown can be typed.
        let time = "2026-07-04 10:30:15";
        let found = run(&["--since", time, "--until", time, "--json"]).json();
        assert_eq!(found["total_count"], 1, "{zone}");
        assert_eq!(found["events"][0]["occurred_at"], "2026-07-04T14:30:15.250000Z");
    }
}

#[test]
fn spans_before_now_are_times_too() {
    let home = Home::new();
    let id = home.register("odin");
    let emit = ["emit", &id, "turn_completed", "{}", "--occurred-at", "3 days ago"];
    assert_eq!(home.run(&emit).code, 0);
    let count = |arguments: &[&str]| {
        home.json(&[&["query", &id, "-t", "turn_completed"], arguments].concat())["total_count"]
            .clone()
    };
    assert_eq!(count(&["--since", "4d"]), json!(1));
    assert_eq!(count(&["--since", "2d"]), json!(0));
    assert_eq!(count(&["--until", "1h ago"]), json!(1));
}

#[test]
fn a_time_that_is_none_is_refused_in_the_words_of_the_option() {
    let home = Home::new();
    let id = home.register("odin");
    let ran = home.run(&["query", &id, "--since", "soon"]);
    assert!(ran.stderr.starts_with("error: --since is \"soon\""), "{ran:?}");
    let ran = home.run(&["query", &id, "--since", "2026-11-24", "--until", "2026-11-23"]);
    assert!(ran.stderr.starts_with("error: --since ") && ran.stderr.contains("--until"), "{ran:?}");
}
