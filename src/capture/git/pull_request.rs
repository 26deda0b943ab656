//! The pull request that a merge commit names in its message.

use crate::domain::catalogue::field::LARGEST;

/// A pull request, called merge request by GitLab.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PullRequest {
    /// Its number in the repository's forge.
    pub number: i64,
    /// Its title.
    pub title: Option<String>,
    /// The branch that was merged, without the owner of a fork.
    pub branch: Option<String>,
}

/// The pull request that the message of a merge commit names, in the words of GitHub, GitLab,
/// Bitbucket, Azure DevOps or Gitea.
pub(super) fn recognise(message: &str) -> Option<PullRequest> {
    let message = message.trim_start();
    let subject = message.lines().next()?.trim_end();
    pull_request(subject, message)
        .or_else(|| bitbucket_server(subject))
        .or_else(|| bitbucket(subject, message))
        .or_else(|| azure(subject))
        .or_else(|| gitlab(subject, message))
}

/// `Merge pull request #1 from owner/branch` of GitHub; `Merge pull request 1 from branch into
/// target` of Azure DevOps; `Merge pull request #1 in PROJECT/repository from branch to target` of
/// Bitbucket; `Merge pull request 'Title' (#1) from branch into target` of Gitea.
fn pull_request(subject: &str, message: &str) -> Option<PullRequest> {
    let rest = subject.strip_prefix("Merge pull request ")?;
    let (title, rest) = match rest.strip_prefix('\'').and_then(|rest| rest.rsplit_once("' (#")) {
        Some((title, rest)) => (Some(title.to_owned()), rest),
        None => (None, rest.strip_prefix('#').unwrap_or(rest)),
    };
    let (number, rest) = leading_number(rest)?;
    let rest = if title.is_some() { rest.strip_prefix(')')? } else { rest };
    let branch = match (rest.strip_prefix(" from "), rest.strip_prefix(" in ")) {
        (Some(source), _) => match source.split_once(" into ") {
            Some((branch, _)) => Some(branch.rsplit_once(':').map_or(branch, |(_, branch)| branch)),
            None => Some(source.split_once('/').map_or(source, |(_, branch)| branch)),
        },
        (None, Some(place)) => {
            let (_, branches) = place.split_once(" from ")?;
            Some(branches.rsplit_once(" to ")?.0)
        }
        (None, None) if rest.is_empty() => None,
        (None, None) => return None,
    };
    Some(PullRequest { number, title: title.or_else(|| body_line(message)), branch: text(branch) })
}

/// `Pull request #1: Title` of Bitbucket Data Center.
fn bitbucket_server(subject: &str) -> Option<PullRequest> {
    let (number, rest) = leading_number(subject.strip_prefix("Pull request #")?)?;
    let title = rest.strip_prefix(": ")?;
    Some(PullRequest { number, title: text(Some(title)), branch: None })
}

/// `Merged in branch (pull request #1)` of Bitbucket.
fn bitbucket(subject: &str, message: &str) -> Option<PullRequest> {
    let (branch, rest) = subject.strip_prefix("Merged in ")?.rsplit_once(" (pull request #")?;
    let (number, rest) = leading_number(rest)?;
    (rest == ")").then(|| PullRequest {
        number,
        title: body_line(message),
        branch: text(Some(branch)),
    })
}

/// `Merged PR 1: Title` of Azure DevOps.
fn azure(subject: &str) -> Option<PullRequest> {
    let (number, rest) = leading_number(subject.strip_prefix("Merged PR ")?)?;
    let title = rest.strip_prefix(':')?;
    Some(PullRequest { number, title: text(Some(title)), branch: None })
}

const GITLAB: &str = "See merge request ";

/// `Merge branch 'branch' into 'target'`, the title, and `See merge request group/project!1` of
/// GitLab.
fn gitlab(subject: &str, message: &str) -> Option<PullRequest> {
    let reference = message.lines().rev().find_map(|line| line.trim().strip_prefix(GITLAB))?;
    let (number, rest) = leading_number(reference.rsplit_once('!')?.1)?;
    if !rest.is_empty() {
        return None;
    }
    let branch = subject.strip_prefix("Merge branch '").and_then(|rest| {
        let end = rest.find("' into ").or_else(|| rest.rfind('\''))?;
        Some(&rest[..end])
    });
    Some(PullRequest { number, title: body_line(message), branch: text(branch) })
}

/// The first line of the paragraph after the subject, unless it is GitLab's reference.
fn body_line(message: &str) -> Option<String> {
    let mut lines = message.lines().skip(1).map(str::trim);
    text(lines.find(|line| !line.is_empty()).filter(|line| !line.starts_with(GITLAB)))
}

/// The number that `text` begins with, from 1 to the largest that an event holds, and what follows.
fn leading_number(text: &str) -> Option<(i64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number = text[..end].parse().ok().filter(|number| (1..=LARGEST).contains(number))?;
    Some((number, &text[end..]))
}

fn text(text: Option<&str>) -> Option<String> {
    text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(message: &str) -> Option<(i64, Option<String>, Option<String>)> {
        recognise(message).map(|pr| (pr.number, pr.title, pr.branch))
    }

    fn pr(number: i64, title: &str, branch: &str) -> Option<(i64, Option<String>, Option<String>)> {
        Some((number, text(Some(title)), text(Some(branch))))
    }

    #[test]
    fn github() {
        let message = "Merge pull request #123 from owner/feature/x\n\nAdd x\n\nMore\n";
        assert_eq!(found(message), pr(123, "Add x", "feature/x"));
        assert_eq!(found("Merge pull request #7 from owner/x"), pr(7, "", "x"));
        assert_eq!(
            found("Merge pull request #7 from owner/x\r\n\r\nAdd x\r\n"),
            pr(7, "Add x", "x")
        );
        assert_eq!(found("Merge pull request #7"), pr(7, "", ""));
    }

    #[test]
    fn gitlab() {
        let message = "Merge branch 'fix/y' into 'main'\n\nFix y\n\nCloses #4\n\n\
                       See merge request group/sub/project!45\n";
        assert_eq!(found(message), pr(45, "Fix y", "fix/y"));
        let short = "Merge branch 'y' into 'main'\n\nSee merge request !45";
        assert_eq!(found(short), pr(45, "", "y"));
        let own_words = "Bring y\n\nSee merge request group/project!45\n";
        assert_eq!(found(own_words), pr(45, "", ""));
    }

    #[test]
    fn bitbucket() {
        let message = "Merged in feature/z (pull request #12)\n\nAdd z\n\nApproved-by: A";
        assert_eq!(found(message), pr(12, "Add z", "feature/z"));
        let server =
            "Merge pull request #12 in PRJ/repo from feature/z to main\n\n* commit 'abc':\n";
        assert_eq!(found(server), pr(12, "* commit 'abc':", "feature/z"));
        assert_eq!(found("Pull request #12: Add z\n\nMerge in PRJ/repo"), pr(12, "Add z", ""));
    }

    #[test]
    fn azure() {
        assert_eq!(found("Merged PR 123: Add w\n\nText"), pr(123, "Add w", ""));
        assert_eq!(found("Merge pull request 9 from feature/w into main"), pr(9, "", "feature/w"));
    }

    #[test]
    fn gitea() {
        let message =
            "Merge pull request 'Say ''hi'' (#1)' (#34) from me:v into main\n\nReviewed-on: u";
        assert_eq!(found(message), pr(34, "Say ''hi'' (#1)", "v"));
    }

    #[test]
    fn other_merges_name_none() {
        for message in [
            "",
            "\n",
            "Merge branch 'x'",
            "Merge branch 'x' into y\n\nMerge pull request #1 from o/x",
            "Merge pull request #0 from o/x",
            "Merge pull request #1000000001 from o/x",
            "Merge pull request #99999999999999999999 from o/x",
            "Merge pull request #x from o/x",
            "Merge pull request #12abc",
            "Merge pull request 'x' (#12 from x",
            "Merged in x (pull request #)",
            "Merged in x (pull request #3) again",
            "Merged PR one: x",
            "Revert \"Merge pull request #1 from o/x\"",
            "See merge request group/project!",
            "x\n\nSee merge request group/project!4a",
            "x\n\nas they said: See merge request a/b!4",
        ] {
            assert_eq!(found(message), None, "{message}");
        }
    }
}
