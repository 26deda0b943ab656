//! The benchmarks: every figure beside its limit or a peer that was measured in the same run. What
//! they measure and how to read them: `docs/benchmarks.md`. To run them: `scripts/bench`.

#![allow(clippy::print_stdout, reason = "the figures are its data")]

mod emit;
mod follow;
mod process;
mod protocol;
mod read;
mod redact;
mod rig;
mod space;

use rig::report::Report;

/// A part of the benchmarks: its name, and what it measures.
type Part = (&'static str, fn(&mut Report));

/// The parts, in the order in which they run.
const PARTS: &[Part] = &[
    ("emit", emit::run),
    ("read", read::run),
    ("redact", redact::run),
    ("protocol", protocol::run),
    ("process", process::run),
    ("follow", follow::run),
    ("space", space::run),
];

fn main() -> std::process::ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // Cargo adds --bench.
    let (options, names): (Vec<_>, Vec<_>) = arguments
        .iter()
        .filter(|argument| *argument != "--bench")
        .partition(|argument| argument.starts_with("--"));
    let known: Vec<&str> = PARTS.iter().map(|(name, _)| *name).collect();
    if options.iter().any(|option| *option != "--check")
        || names.iter().any(|name| !known.contains(&name.as_str()))
    {
        eprintln!("usage: scripts/bench [--check] [NAME...]; names: {}", known.join(", "));
        return std::process::ExitCode::from(2);
    }
    println!("{}\n", rig::machine::description());
    let mut report = Report::new();
    for (name, run) in PARTS {
        if names.is_empty() || names.iter().any(|given| given == name) {
            run(&mut report);
        }
    }
    let within = report.end();
    if within || options.is_empty() {
        std::process::ExitCode::SUCCESS
    } else {
        std::process::ExitCode::FAILURE
    }
}
