//! What the project of a repository is called.

use std::path::Path;

use crate::domain::limits::PROJECT_CHARS;

/// The name where a folder's name has no letter or digit that fits.
const NAMELESS: &str = "repository";

/// The name of the main work tree's folder, or of the bare repository, made to fit.
pub(super) fn name(repository: &gix::Repository) -> String {
    let main = repository.main_repo().ok();
    let main = main.as_ref().unwrap_or(repository);
    let folder = main.workdir().unwrap_or_else(|| main.common_dir());
    let folder = repository.current_dir().join(folder);
    name_of(&folder.canonicalize().unwrap_or(folder))
}

/// The last part of a path that is not hidden: repositories are also kept in `project/.bare`.
fn name_of(folder: &Path) -> String {
    let parts = folder.ancestors().filter_map(|part| part.file_name());
    let mut names = parts.map(|name| name.to_string_lossy());
    names.find(|name| !name.starts_with('.')).map_or_else(|| NAMELESS.to_owned(), |name| fit(&name))
}

/// `name` without `.git`, with a hyphen for whatever does not fit the rules for names.
fn fit(name: &str) -> String {
    let name = name.strip_suffix(".git").unwrap_or(name);
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let mut fitted = String::new();
    for c in name.chars().map(|c| if fits(c) { c } else { '-' }) {
        if c != '-' || !fitted.ends_with('-') {
            fitted.push(c);
        }
    }
    let fitted = fitted.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
    let fitted = fitted[..fitted.len().min(PROJECT_CHARS)].trim_end_matches('-');
    if fitted.is_empty() { NAMELESS.to_owned() } else { fitted.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_is_named_after_its_folder() {
        for (path, name) in [
            ("/src/annals", "annals"),
            ("/srv/git/annals.git", "annals"),
            ("/src/annals/.git", "annals"),
            ("/src/annals/.bare", "annals"),
            ("/src/my project (2)", "my-project-2"),
            ("/src/My_Project-1.0", "My_Project-1.0"),
            ("/src/a -- b", "a-b"),
            ("/src/_x", "x"),
            ("/src/проект x", "x"),
            ("/src/проект", "repository"),
            ("/", "repository"),
            ("/.git", "repository"),
        ] {
            assert_eq!(name_of(Path::new(path)), name, "{path}");
        }
        assert_eq!(fit(&"x".repeat(100)).len(), PROJECT_CHARS);
    }
}
