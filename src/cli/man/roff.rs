//! Text as the language of manual pages: what follows the options in a help, which has examples that
//! must stay as they are.

use std::fmt::Write as _;

/// What follows the options: a section of examples, and one of notes where there is more.
pub fn sections(after_help: &str) -> String {
    let mut text = String::new();
    let mut verbatim = false;
    let mut begun = false;
    for line in after_help.lines() {
        let is_example = line.starts_with("  ");
        if verbatim && !is_example {
            text.push_str(".fi\n");
        }
        if matches!(line, "Example:" | "Examples:") {
            text.push_str(".SH EXAMPLES\n");
            begun = true;
        } else if line.is_empty() {
            text.push_str(".PP\n");
        } else {
            if !begun {
                text.push_str(".SH NOTES\n");
                begun = true;
            }
            if is_example && !verbatim {
                text.push_str(".nf\n");
            }
            text.push_str(&escaped(line));
            text.push('\n');
        }
        verbatim = is_example;
    }
    if verbatim {
        text.push_str(".fi\n");
    }
    text
}

/// A section of names, each with what it is.
pub fn section(title: &str, entries: &[(String, String)]) -> String {
    let mut text = format!(".SH {title:?}\n");
    for (name, what) in entries {
        let (name, what) = (escaped(name), escaped(what));
        // A String takes everything.
        let _ = match what.as_str() {
            "" => writeln!(text, "{name}"),
            what => writeln!(text, ".TP\n\\fB{name}\\fR\n{what}"),
        };
    }
    text
}

/// A line of text, in which nothing is taken for a command, and every character is printed as it is.
pub fn escaped(line: &str) -> String {
    let mut escaped = String::with_capacity(line.len() + 8);
    if line.starts_with(['.', '\'']) {
        escaped.push_str("\\&");
    }
    for c in line.chars() {
        match c {
            '\\' => escaped.push_str("\\e"),
            '-' => escaped.push_str("\\-"),
            '\'' => escaped.push_str("\\(aq"),
            '`' => escaped.push_str("\\(ga"),
            '~' => escaped.push_str("\\(ti"),
            '^' => escaped.push_str("\\(ha"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_stay_as_they_are_and_prose_flows() {
        let text =
            sections("Examples:\n  a --b 'c'\n  d\n\nSome prose\nthat goes on.\n\nAs in:\n  e");
        assert_eq!(
            text,
            ".SH EXAMPLES\n.nf\n  a \\-\\-b \\(aqc\\(aq\n  d\n.fi\n.PP\nSome prose\nthat goes on.\n\
             .PP\nAs in:\n.nf\n  e\n.fi\n"
        );
        assert_eq!(sections("To connect:\n  x"), ".SH NOTES\nTo connect:\n.nf\n  x\n.fi\n");
        assert_eq!(sections(""), "");
    }

    #[test]
    fn no_line_is_taken_for_a_command() {
        assert_eq!(escaped(".SH x"), "\\&.SH x");
        assert_eq!(escaped("'a\\b~"), "\\&\\(aqa\\eb\\(ti");
    }
}
