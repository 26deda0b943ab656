//! The known names that an unknown name was probably meant to be.

/// The most names that are suggested.
const SUGGESTIONS: usize = 3;
/// How alike two names must be, from 0 to 1, to be suggested.
const ALIKE: f64 = 0.7;
/// How many characters at the start of two words make them the same subject.
const SUBJECT_CHARS: usize = 5;
/// No name longer than this, in bytes, is compared.
const COMPARED_BYTES: usize = 64;

/// Up to three of `known` that `name` resembles, the likeliest first. Case, dashes, spaces and
/// capitals between words (`EpicStarted`) do not count. Where no name is spelt alike, those about
/// the same subject, the first word of a known name, are suggested.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    if name.len() > COMPARED_BYTES {
        return Vec::new();
    }
    let name = snake_case(name);
    let mut ranked: Vec<(f64, &str)> = known.map(|known| (likeness(&name, known), known)).collect();
    ranked.sort_by(|one, other| other.0.total_cmp(&one.0));
    if let Some((likeness, known)) = ranked.first()
        && *likeness >= 1.0
    {
        return vec![known];
    }
    let mut names: Vec<&str> = ranked
        .iter()
        .take_while(|(likeness, _)| *likeness >= ALIKE)
        .map(|(_, known)| *known)
        .collect();
    if names.is_empty() {
        names = ranked.iter().map(|(_, known)| *known).filter(|k| same_subject(&name, k)).collect();
    }
    names.truncate(SUGGESTIONS);
    names
}

fn likeness(name: &str, known: &str) -> f64 {
    strsim::normalized_damerau_levenshtein(name, known).max(strsim::sorensen_dice(name, known))
}

fn same_subject(name: &str, known: &str) -> bool {
    let subject = known.split('_').next().unwrap_or(known);
    name.split('_').any(|word| {
        let shared = word.chars().zip(subject.chars()).take_while(|(a, b)| a == b).count();
        word == subject || word.strip_suffix('s') == Some(subject) || shared >= SUBJECT_CHARS
    }) || known.split('_').any(|word| word == name)
}

fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    let mut after_lowercase = false;
    for c in name.trim().chars() {
        if c.is_uppercase() && after_lowercase {
            snake.push('_');
        }
        after_lowercase = c.is_lowercase() || c.is_numeric();
        if c.is_alphanumeric() { snake.extend(c.to_lowercase()) } else { snake.push('_') }
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::super::Catalogue;

    fn nearest(name: &str) -> Vec<&'static str> {
        Catalogue::builtin().nearest(name)
    }

    #[test]
    fn another_spelling_of_a_name_finds_that_name_alone() {
        for name in ["Epic-Started", "EpicStarted", "epicStarted", " epic started ", "EPIC_STARTED"]
        {
            assert_eq!(nearest(name), ["epic_started"], "{name}");
        }
    }

    #[test]
    fn a_misspelt_name_finds_what_it_resembles() {
        for (name, expected) in [
            ("epic_strated", "epic_started"),
            ("tests_passed", "test_passed"),
            ("deploy_done", "deployment_done"),
            ("pr_merge", "pr_merged"),
            ("checkpoint_create", "checkpoint_created"),
            ("feature_request", "feature_requested"),
        ] {
            assert_eq!(nearest(name).first(), Some(&expected), "{name}");
        }
    }

    #[test]
    fn a_name_of_the_same_subject_is_suggested_where_none_is_spelt_alike() {
        assert_eq!(nearest("commit"), ["commit_created"]);
        assert_eq!(nearest("heartbeat"), ["instance_heartbeat"]);
        for (name, subject) in
            [("epic_done", "epic_"), ("tests", "test_"), ("deployed", "deployment_")]
        {
            let names = nearest(name);
            assert_eq!(names.len(), 3, "{name}");
            assert!(names.iter().all(|known| known.starts_with(subject)), "{name}: {names:?}");
        }
    }

    #[test]
    fn nothing_is_suggested_for_what_resembles_nothing_or_is_reserved() {
        for name in ["", "foo", "user_login", "__", "😀", "archive", "erase", &"epic_".repeat(20)]
        {
            assert_eq!(nearest(name), [""; 0], "{name}");
        }
    }
}
