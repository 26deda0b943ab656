//! Redaction of an event of 500 bytes, by what it holds.

use std::hint::black_box;
use std::time::Instant;

use annals::redact::{Counts, Redactor};
use serde_json::{Value, json};

use crate::rig::report::Report;

const BYTES: usize = 500;
const EVENTS: usize = 20_000;
/// The aim, in microseconds at the median.
const AIM: f64 = 20.0;

pub fn run(report: &mut Report) {
    let token = ["gh", "p_q7Zt9LbX2mVc4NdR8sKe1WfGh5JkP0uYaBcD"].concat();
    let events = [
        ("ordinary data", event("cargo test --lib store::append; 41 passed, 0 failed. ")),
        ("names without secrets", event("if token == self.key { password.check()? } // auth ")),
        ("a token", with(&format!("git push with {token} failed"))),
        ("a named password", with(&["export DB_PASS", "WORD=q7Zt9LbX2mVc4"].concat())),
    ];
    report.part("Redaction of an event of 500 bytes");
    let mut rows = Vec::new();
    for (name, event) in &events {
        report.watch.round_begins();
        let micros = p50(event);
        report.watch.round_ends();
        rows.push(vec![(*name).to_owned(), format!("{micros:.2} µs")]);
        report.at_most(&format!("redaction, {name}: µs an event, p50"), micros, AIM);
    }
    report.table(&["event with", "p50"], &rows);
}

/// An event of the wanted size, filled with `text` again and again.
fn event(text: &str) -> Value {
    let mut output = text.repeat(BYTES / text.len() + 1);
    output.truncate(BYTES - json!({ "output": "" }).to_string().len());
    json!({ "output": output })
}

fn with(secret: &str) -> Value {
    let line = "compiling the workspace, then running what changed. ";
    event(&format!("{}{secret} {}", line.repeat(4), line.repeat(8)))
}

/// The median of single events: looking whether there may be a secret, and where so, replacing it.
fn p50(event: &Value) -> f64 {
    let redactor = Redactor::standard();
    let text = event.to_string();
    let mut times: Vec<f64> = (0..EVENTS)
        .map(|_| {
            let start = Instant::now();
            if redactor.may_find(black_box(&text)) {
                let mut stored = event.clone();
                redactor.value(&mut stored, &mut Counts::default());
                black_box(&stored);
            }
            start.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
