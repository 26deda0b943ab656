//! Secrets are found.

use std::collections::{BTreeMap, BTreeSet};

use annals::redact::{Counts, Redactor, replace};
use serde_json::json;

use super::draw::Draw;
use super::secrets::{LETTERS, Sample, corpus};

/// The least share of the corpus that is found, in hundredths.
const OVERALL: usize = 95;
/// The least share of each class, in hundredths.
const CLASS: usize = 90;
/// The same for passwords of letters alone.
const LETTERS_ALONE: usize = 50;

/// Whether nothing of the secret is left that would be of use.
fn is_found(sample: &Sample, stored: &str) -> bool {
    let stored = without_marks(stored);
    let pieces: Vec<char> = sample.secret.chars().collect();
    let length = pieces.len().min(8);
    !pieces.windows(length).any(|piece| stored.contains(&piece.iter().collect::<String>()))
}

/// What is left beside the marks, whose names may resemble the start of a token.
fn without_marks(stored: &str) -> String {
    let mut rest = stored.split("[REDACTED:");
    let first = rest.next().unwrap_or_default().to_owned();
    rest.fold(first, |plain, part| {
        plain + "\0" + part.split_once(']').map_or("", |(_, after)| after)
    })
}

/// Whether the secret alone was replaced, whatever by.
fn is_exact(sample: &Sample, stored: &str) -> bool {
    let middle =
        stored.strip_prefix(&sample.before).and_then(|rest| rest.strip_suffix(&sample.after));
    middle.is_some_and(|middle| middle.starts_with("[REDACTED:") && !middle[1..].contains('['))
}

fn stored(text: &str) -> String {
    replace(text, &Redactor::standard().find(text))
}

#[test]
fn secrets_are_found_wherever_they_stand() {
    let corpus = corpus();
    let mut classes: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for sample in &corpus {
        let stored = stored(&sample.text());
        let (found, all) = classes.entry(sample.class).or_default();
        *all += 1;
        if is_found(sample, &stored) {
            *found += 1;
        } else {
            println!("missed {}: {:?} stored as {stored:?}", sample.class, sample.text());
        }
    }
    let found: usize = classes.values().map(|(found, _)| found).sum();
    let all = corpus.len();
    println!("found {found} of {all}; by class: {classes:?}");
    let share = |class: &str| if class == LETTERS { LETTERS_ALONE } else { CLASS };
    let low: Vec<_> =
        classes.iter().filter(|(class, (found, all))| found * 100 < all * share(class)).collect();
    assert!(low.is_empty(), "below the floor of their class: {low:?}");
    assert!(found * 100 >= all * OVERALL, "{found} of {all}");
}

#[test]
fn what_stands_around_a_secret_is_kept() {
    let corpus = corpus();
    let samples: Vec<_> = corpus.iter().filter(|sample| sample.exact).collect();
    let mut exact = 0;
    for sample in &samples {
        let stored = stored(&sample.text());
        if is_exact(sample, &stored) {
            exact += 1;
        } else if is_found(sample, &stored) {
            println!("took more, or less: {:?} stored as {stored:?}", sample.text());
        }
    }
    println!("exactly {exact} of {}", samples.len());
    assert!(exact * 100 >= samples.len() * OVERALL, "{exact} of {}", samples.len());
}

#[test]
fn every_rule_has_secrets_in_the_corpus() {
    let mut found = BTreeSet::new();
    for sample in corpus() {
        found.extend(Redactor::standard().find(&sample.text()).iter().map(|found| found.rule));
    }
    let rules: BTreeSet<_> = Redactor::rules().map(|rule| rule.name).collect();
    let without: Vec<_> = rules.difference(&found).collect();
    assert!(without.is_empty(), "{without:?}");
}

#[test]
fn fields_of_json_are_found_by_their_name() {
    let mut draw = Draw::new(8);
    let (mut found, mut all) = (0, 0);
    for _ in 0..20 {
        let (password, weak, key) = (draw.password(), draw.weak_password(), draw.key());
        let header = format!("Bearer {key}");
        for (secret, value) in [
            (&password, json!({"password": password})),
            (&password, json!({"db": {"adminPassword": password}})),
            (&weak, json!({"password": weak})),
            (&password, json!({"passwords": [password]})),
            (&password, json!({"argv": ["mysql", "--password", password]})),
            (&key, json!({"client_secret": key})),
            (&key, json!({"env": {"API_KEY": key}})),
            (&key, json!({"env": [{"name": "API_TOKEN", "value": key}]})),
            (&key, json!({"headers": {"Authorization": header}})),
        ] {
            let mut stored = value.clone();
            let mut counts = Counts::default();
            Redactor::standard().value(&mut stored, &mut counts);
            let is_found = !stored.to_string().contains(secret.as_str());
            assert_eq!(counts.is_empty(), !is_found);
            (found, all) = (found + usize::from(is_found), all + 1);
            if !is_found {
                println!("missed in a field: {value}");
            }
        }
    }
    println!("found {found} of {all} in fields");
    assert!(found * 100 >= all * OVERALL, "{found} of {all}");
}
