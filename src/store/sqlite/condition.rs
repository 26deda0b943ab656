//! The conditions of a query that the database answers itself, as SQL with its parameters.

use rusqlite::params_from_iter;
use rusqlite::types::Value;

use super::row::integer;
use crate::domain::time::{TimeRange, Timestamp};
use crate::store::{EventQuery, Scope};

/// The types of an instance, found by leaps through the index instead of a look at every event.
const TYPES_OF_INSTANCE: &str = "WITH RECURSIVE types (event_type) AS (
       SELECT min(event_type) FROM event_store WHERE instance_id = ?1
       UNION ALL
       SELECT (SELECT min(event_type) FROM event_store
               WHERE instance_id = ?1 AND event_type > types.event_type)
       FROM types WHERE types.event_type IS NOT NULL)
     SELECT event_type FROM types";

/// A condition and the values of its parameters, which are numbered from 1 on.
pub struct Condition {
    /// The expression of a WHERE clause.
    pub sql: String,
    values: Vec<Value>,
}

impl Condition {
    /// The condition of a query, its keyword and value conditions aside.
    pub fn of(query: &EventQuery) -> Self {
        let mut condition = Self { sql: String::new(), values: Vec::new() };
        let whole_instance = match &query.scope {
            Scope::Instance(id) => {
                condition.and("instance_id = ?", id.0.into_bytes().to_vec());
                query.event_types.is_none()
            }
            Scope::Across { project, epic } => {
                condition.across(project.as_deref(), epic.as_deref());
                false
            }
        };
        if let Some(after) = query.after_sequence {
            condition.and("sequence_num > ?", integer(after));
        }
        if let Some(types) = &query.event_types {
            let types = serde_json::json!(types).to_string();
            condition.and("event_type IN (SELECT value FROM json_each(?))", types);
        }
        if query.effective != TimeRange::default() {
            let bound = |time: Option<Timestamp>, open| time.map_or(open, Timestamp::micros);
            condition.and("effective_at >= ?", bound(query.effective.start, i64::MIN));
            condition.and("effective_at <= ?", bound(query.effective.end, i64::MAX));
            if whole_instance {
                condition.sql += &format!(" AND event_type IN ({TYPES_OF_INSTANCE})");
            }
        }
        condition
    }

    fn across(&mut self, project: Option<&str>, epic: Option<&str>) {
        if let Some(project) = project {
            let instances =
                "instance_id IN (SELECT instance_id FROM supervisor_sessions WHERE project = ?)";
            self.and(instances, project.to_owned());
        }
        if let Some(epic) = epic {
            self.and("epic_id = ?", epic.to_owned());
        }
        if self.sql.is_empty() {
            self.sql.push_str("TRUE");
        }
    }

    /// Adds a condition; `?` in it stands for `value`.
    pub fn and(&mut self, sql: &str, value: impl Into<Value>) {
        let joint = if self.sql.is_empty() { "" } else { " AND " };
        let parameter = self.bind(value);
        self.sql += joint;
        self.sql += &sql.replace('?', &parameter);
    }

    /// Adds a parameter; gives its name.
    pub fn bind(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("?{}", self.values.len())
    }

    /// The parameters.
    pub fn params(&self) -> impl rusqlite::Params + '_ {
        params_from_iter(self.values.iter())
    }
}
