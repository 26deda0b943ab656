//! The categories of event types.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::error::{Code, Error};
use crate::domain::shown::shown;

/// What part of an agent's work an event type is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// The life of an instance and of its record.
    Instance,
    /// The life of an epic.
    Epic,
    /// Test runs and validations.
    Testing,
    /// Commits and pull requests.
    Git,
    /// Deployments of services.
    Deployment,
    /// What the agent does and holds in its context.
    WorkState,
    /// Epics, features and tasks to come, and the tasks' ends.
    Planning,
}

impl Category {
    /// Every category, in the order of the documentation.
    pub const ALL: [Category; 7] = [
        Category::Instance,
        Category::Epic,
        Category::Testing,
        Category::Git,
        Category::Deployment,
        Category::WorkState,
        Category::Planning,
    ];

    /// The category as callers see it.
    pub fn as_str(self) -> &'static str {
        match self {
            Category::Instance => "instance",
            Category::Epic => "epic",
            Category::Testing => "testing",
            Category::Git => "git",
            Category::Deployment => "deployment",
            Category::WorkState => "work_state",
            Category::Planning => "planning",
        }
    }

    /// The category of this name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.as_str() == text)
    }

    /// The refusal of a name that is no category.
    pub fn unknown(name: &str) -> Error {
        let known: Vec<_> = Self::ALL.iter().map(|category| category.as_str()).collect();
        Error::new(
            Code::UnknownCategory,
            format!("{:?} is no category of event types", shown(name, 40)),
            format!("use one of: {}", known.join(", ")),
        )
    }

    /// What the category holds, in one sentence.
    pub fn description(self) -> &'static str {
        match self {
            Category::Instance => "The life of an instance, and what the store does to its record.",
            Category::Epic => "The life of an epic: begun, completed or failed.",
            Category::Testing => "Test runs, and validations against acceptance criteria.",
            Category::Git => "Commits and pull requests.",
            Category::Deployment => "Deployments of services, and how they ended.",
            Category::WorkState => {
                "What the agent does from turn to turn: prompts, commands, context use, \
                 checkpoints; and gaps."
            }
            Category::Planning => "Epics, features and tasks to come, and how the tasks ended.",
        }
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
