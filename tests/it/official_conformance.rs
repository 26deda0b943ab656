//! The official conformance suite of the protocol, against the real program. Most of its scenarios
//! need tools, resources and prompts of the suite's own reference server: which checks cannot pass,
//! and why, stands in `tests/clients/conformance.json`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::cli_program::{Home, Served};
use crate::node;

const SUITE: &str = "@modelcontextprotocol/conformance/dist/index.js";

/// The revisions of the protocol whose requirements are checked.
const REVISIONS: [&str; 2] = ["2025-11-25", "2026-07-28"];

/// The end of the name of a scenario's results, such as `-2026-11-25T07-34-12-256Z`.
const TIME_LENGTH: usize = 25;

/// Checks that do not apply to Annals.
#[derive(Deserialize)]
struct Inapplicable {
    reason: String,
    /// What the suite says of each of them.
    #[serde(default)]
    says: String,
    /// By scenario, the ids of its checks.
    checks: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Check {
    id: String,
    status: String,
    #[serde(default)]
    error_message: String,
}

impl Check {
    /// Those that come with every scenario say nothing of what it is about.
    fn is_of_the_scenario(&self) -> bool {
        !self.id.starts_with("wire-schema-")
    }
}

type Named = (String, String);

/// The reason and what the suite says, by check.
fn inapplicable() -> BTreeMap<Named, (String, String)> {
    let text = include_str!("../clients/conformance.json");
    let groups: Vec<Inapplicable> = serde_json::from_str(text).unwrap();
    let mut listed = BTreeMap::new();
    for Inapplicable { reason, says, checks } in groups {
        for (scenario, ids) in checks {
            for id in ids {
                let name = (scenario.clone(), id.clone());
                let twice = listed.insert(name, (reason.clone(), says.clone()));
                assert_eq!(twice, None, "{scenario} {id} is listed twice");
            }
        }
    }
    listed
}

/// Runs the scenarios of a revision; gives the checks of each.
fn results(home: &Home, url: &str, revision: &str) -> BTreeMap<String, Vec<Check>> {
    let folder = home.work().join(revision);
    let output = node::package(home, SUITE)
        .args(["server", "--url", url, "--requirements", revision, "--output-dir"])
        .arg(&folder)
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout.clone()).unwrap();
    let summary = printed.split("=== SUMMARY ===").nth(1);
    let summary = summary.unwrap_or_else(|| panic!("no summary: {}", node::printed(&output)));
    // Such as `✓ ping: 2 passed, 0 failed`.
    let reported: BTreeSet<&str> = summary
        .lines()
        .take_while(|line| !line.starts_with("Total:"))
        .filter_map(|line| line.split_once(' ')?.1.split_once(": "))
        .map(|(scenario, _)| scenario)
        .collect();
    let found: BTreeMap<String, Vec<Check>> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            (scenario_of(&path), checks_of(&path))
        })
        .collect();
    assert!(found.keys().eq(reported.iter()), "{found:?} and {reported:?}");
    found
}

fn scenario_of(results: &Path) -> String {
    let name = results.file_name().unwrap().to_str().unwrap();
    let name = name.strip_prefix("server-").unwrap();
    name[..name.len() - TIME_LENGTH].to_owned()
}

fn checks_of(results: &Path) -> Vec<Check> {
    serde_json::from_slice(&fs::read(results.join("checks.json")).unwrap()).unwrap()
}

/// The checks that did not succeed. What is merely told counts as such where it is all that there is.
fn open(checks: Vec<Check>) -> impl Iterator<Item = Check> {
    let succeeded =
        checks.iter().any(|check| check.is_of_the_scenario() && check.status == "SUCCESS");
    checks
        .into_iter()
        .filter(move |check| check.status != "SUCCESS" && !(succeeded && check.status == "INFO"))
}

#[test]
fn every_check_of_the_official_suite_passes_or_does_not_apply() {
    let home = Home::new();
    home.register("odin");
    let served = Served::start(&home, &[]);
    let url = format!("http://{}/mcp", served.address);
    let listed = inapplicable();
    let (mut seen, mut faults) = (BTreeSet::new(), Vec::new());
    for revision in REVISIONS {
        for (scenario, checks) in results(&home, &url, revision) {
            for check in open(checks) {
                let name = (scenario.clone(), check.id.clone());
                match listed.get(&name) {
                    Some((_, says)) if check.error_message.contains(says) => {
                        seen.insert(name);
                    }
                    _ => faults.push(format!("{revision} {scenario}: {check:?}")),
                }
            }
        }
    }
    for (name, (reason, _)) in listed.iter().filter(|(name, _)| !seen.contains(*name)) {
        faults.push(format!("{name:?} is listed ({reason}), and no check fails so"));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert_eq!(served.stop(), Some(0));
}
