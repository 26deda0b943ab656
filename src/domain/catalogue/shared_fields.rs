//! Fields that event types of several categories share.

use super::field::{
    Field, LARGEST, count, flag, hours, id, integer, label, list, message, path, percent, seconds,
    share, title, url,
};

/// The epic that a fact belongs to.
pub const EPIC_ID: Field = id("epic_id", "The epic");
/// The feature that an epic brings.
pub const FEATURE_NAME: Field = title("feature_name", "The feature that the epic brings");
/// The epic that an agent works on.
pub const CURRENT_EPIC: Field = id("current_epic", "The epic that the agent works on");
/// A task of an epic.
pub const TASK_ID: Field = id("task_id", "The task");
/// A checkpoint.
pub const CHECKPOINT_ID: Field = id("checkpoint_id", "The checkpoint");
/// An agent's own session.
pub const SESSION_ID: Field = id("session_id", "The agent's own name of the session");
/// A language model.
pub const MODEL: Field = label("model", "The language model");

/// A planned effort.
pub const ESTIMATED_HOURS: Field = hours("estimated_hours", "The effort as estimated");
/// An effort made.
pub const DURATION_HOURS: Field = hours("duration_hours", "The effort it took");
/// A duration.
pub const DURATION_SECONDS: Field = seconds("duration_seconds", "How long it took");

/// Changed files.
pub const FILES_CHANGED: Field = count("files_changed", "How many files were changed");
/// Added lines.
pub const LINES_ADDED: Field = count("lines_added", "How many lines were added");
/// Removed lines.
pub const LINES_REMOVED: Field = count("lines_removed", "How many lines were removed");

/// Test coverage, as in a test event.
pub const COVERAGE: Field =
    percent("coverage_percent", "How much of the code the tests cover").also(&["coverage"]);
/// The confidence of a validation.
pub const VALIDATION_CONFIDENCE: Field =
    share("validation_confidence", "How sure the validation is, from 0 to 1");
/// Problems met.
pub const ISSUES_ENCOUNTERED: Field = list("issues_encountered", "Problems met on the way");
/// What should follow.
pub const NEXT_STEPS: Field = list("next_steps", "What should be done next");

/// What went wrong.
pub const ERROR: Field = message("error", "What went wrong, in the words of the program");
/// Why.
pub const REASON: Field = message("reason", "Why it happened");
/// A summary.
pub const SUMMARY: Field = message("summary", "What was done, in a few sentences");
/// Whether a failure may pass.
pub const RETRYABLE: Field = flag("retryable", "Whether another attempt may succeed");

/// A branch.
pub const BRANCH: Field = label("branch", "The git branch");
/// A repository.
pub const REPOSITORY: Field = path("repository", "The repository, by name or URL");
/// The commit that a fact is about.
pub const GIT_COMMIT: Field = id("git_commit", "The hash of the commit");
/// A pull request by number.
pub const PR_NUMBER: Field = integer("pr_number", 1, LARGEST, "The number of the pull request");
/// A pull request by address.
pub const PR_URL: Field = url("pr_url", "The address of the pull request");
