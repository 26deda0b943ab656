//! Names and values that stand apart: `name: NAME` and `value: VALUE` in the next line, the attributes
//! `key="NAME" value="VALUE"`, and the default of a Terraform variable.

/// What introduces the name.
const NAMES: &[&str] = &["name", "key", "variable", "header"];
/// What introduces the value.
const VALUE: &str = "value";
/// The most bytes between the name and what introduces its value.
const GAP: usize = 80;
/// The most bytes of a Terraform variable before its default.
const BLOCK: usize = 300;

/// Where the value of the name between `before` and `after` starts, counted in `after`.
pub fn value(before: &str, after: &str) -> Option<usize> {
    let start = terraform_default(before, after).or_else(|| {
        let gap = after.bytes().take(GAP).take_while(|byte| is_between(*byte)).count();
        let rest = after[gap..].get(..VALUE.len())?;
        (rest.eq_ignore_ascii_case(VALUE) && names(before)).then_some(gap + VALUE.len())
    })?;
    let closers = after[start..].bytes().take_while(|byte| b"\"'\\".contains(byte)).count();
    let signs = after[start + closers..].bytes().take(GAP);
    let signs = signs.take_while(|byte| b" \t:=".contains(byte)).count();
    (signs > 0).then_some(start + closers + signs)
}

fn is_between(byte: u8) -> bool {
    byte.is_ascii_whitespace() || b"\"'\\,;-".contains(&byte)
}

/// Whether `before` ends with `name:`, `key=` or their like.
fn names(before: &str) -> bool {
    let open = before.trim_end_matches(['"', '\'', '\\']).trim_end_matches([' ', '\t']);
    let Some(word) = open.strip_suffix([':', '=']) else { return false };
    let word = word.trim_end_matches(['"', '\'', '\\', ' ', '\t']);
    NAMES.iter().any(|name| {
        let start = word.len().checked_sub(name.len());
        let end = start.and_then(|start| word.get(start..));
        end.is_some_and(|end| end.eq_ignore_ascii_case(name))
    })
}

fn terraform_default(before: &str, after: &str) -> Option<usize> {
    if !before.ends_with("variable \"") || !after.starts_with("\" {") {
        return None;
    }
    let block = &after[..after.floor_char_boundary(BLOCK)];
    let block = &block[..block.find('}').unwrap_or(block.len())];
    Some(block.find("default")? + "default".len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_beside_their_names() {
        for (before, after) in [
            ("- name: ", "\n  value: x"),
            ("{\"name\":\"", "\",\"value\":\"x"),
            ("{\\\"Name\\\": \\\"", "\\\", \\\"Value\\\": \\\"x"),
            ("<add key=\"", "\" value=\"x"),
            ("variable \"", "\" {\n  type = string\n  default = x"),
        ] {
            let start = value(before, after).unwrap();
            assert_eq!(after[start..].trim_start_matches(['"', '\\']), "x", "{before} {after}");
        }
        for (before, after) in [
            ("the ", "\nvalue: x"),
            ("name: ", " of value: x"),
            ("name: ", "\nvalueless"),
            ("variable \"", "\" {}\ndefault = x"),
            ("", ""),
        ] {
            assert_eq!(value(before, after), None, "{before} {after}");
        }
    }
}
