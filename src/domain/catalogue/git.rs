//! Commits and pull requests.

use super::category::Category;
use super::event_type::EventType;
use super::field::{Field, count, flag, id, label, list, message, time};
use super::shared_fields::{
    BRANCH, EPIC_ID, FILES_CHANGED, LINES_ADDED, LINES_REMOVED, PR_NUMBER, PR_URL, REPOSITORY,
    TASK_ID,
};

const NUMBER: Field = PR_NUMBER.also(&["number"]);
const URL: Field = PR_URL.also(&["url"]);
const TITLE: Field = label("title", "The title of the pull request");
const HEAD_BRANCH: Field = label("branch", "The branch that is to be merged");
const BASE_BRANCH: Field = label("base_branch", "The branch that it is merged into");
const AUTHOR: Field = label("author", "Who wrote it");
const COMMIT_COUNT: Field = count("commit_count", "How many commits it has");

/// The event types of the category.
pub const TYPES: &[EventType] = &[
    EventType {
        name: "commit_created",
        category: Category::Git,
        description: "A commit was made.",
        store_only: false,
        fields: &[
            id("commit_hash", "The hash of the commit, whole or shortened").also(&[
                "hash",
                "sha",
                "git_commit",
            ]),
            message("message", "The commit message"),
            BRANCH,
            REPOSITORY,
            AUTHOR,
            label("author_email", "The author's mail address"),
            time("authored_at", "When the author wrote it"),
            count("parent_count", "How many parents it has: 0 for a first commit, 2 for a merge"),
            FILES_CHANGED,
            LINES_ADDED,
            LINES_REMOVED,
            EPIC_ID,
            TASK_ID,
        ],
        required: &[&["commit_hash"]],
        examples: &[
            r#"{"sha": "a1b2c3d", "message": "auth: rotate refresh tokens"}"#,
            r#"{"commit_hash": "a1b2c3d4e5f60718293a4b5c6d7e8f9001122334", "message": "auth: rotate refresh tokens", "branch": "epic-003", "repository": "odin", "author": "Mira Lund", "author_email": "mira@example.org", "parent_count": 1, "files_changed": 4, "lines_added": 120, "lines_removed": 31, "epic_id": "epic-003"}"#,
        ],
    },
    EventType {
        name: "pr_created",
        category: Category::Git,
        description: "A pull request was opened.",
        store_only: false,
        fields: &[
            NUMBER,
            URL,
            TITLE,
            message("description", "The text of the pull request"),
            HEAD_BRANCH,
            BASE_BRANCH,
            REPOSITORY,
            AUTHOR,
            flag("draft", "Whether it is a draft"),
            list("reviewers", "Who was asked to review it"),
            COMMIT_COUNT,
            FILES_CHANGED,
            LINES_ADDED,
            LINES_REMOVED,
            EPIC_ID,
        ],
        required: &[&["pr_number", "pr_url"]],
        examples: &[
            r#"{"pr_number": 123, "title": "Sign in with OAuth", "epic_id": "epic-003"}"#,
            r#"{"pr_number": 123, "pr_url": "https://github.com/project/pull/123", "title": "Sign in with OAuth", "branch": "epic-003", "base_branch": "main", "draft": false, "commit_count": 9, "epic_id": "epic-003"}"#,
        ],
    },
    EventType {
        name: "pr_merged",
        category: Category::Git,
        description: "A pull request was merged.",
        store_only: false,
        fields: &[
            NUMBER,
            URL,
            TITLE,
            HEAD_BRANCH,
            BASE_BRANCH,
            REPOSITORY,
            AUTHOR,
            label("merged_by", "Who merged it"),
            id("merge_commit", "The hash of the commit that merged it"),
            label("merge_method", "How it was merged, such as merge, squash or rebase"),
            COMMIT_COUNT,
            FILES_CHANGED,
            LINES_ADDED,
            LINES_REMOVED,
            EPIC_ID,
        ],
        required: &[&["pr_number", "pr_url"]],
        examples: &[
            r#"{"pr_url": "https://github.com/project/pull/123", "epic_id": "epic-003"}"#,
            r#"{"pr_number": 123, "merge_commit": "9f8e7d6", "merge_method": "squash", "base_branch": "main", "files_changed": 23, "epic_id": "epic-003"}"#,
        ],
    },
];
