//! The conditions of a query that the database answers itself, as SQL with its parameters.

use tokio_postgres::types::ToSql;

use super::row::{Time, integer};
use super::scan::Parameter;
use super::text::stored;
use crate::domain::keyword::Keyword;
use crate::domain::time::TimeRange;
use crate::store::{EventQuery, Scope};

/// The types of an instance, found by leaps through the index instead of a look at every event.
const TYPES_OF_INSTANCE: &str = "ARRAY(WITH RECURSIVE types (event_type) AS (
       (SELECT event_type FROM event_store WHERE instance_id = $1 ORDER BY event_type LIMIT 1)
       UNION ALL
       SELECT (SELECT n.event_type FROM event_store n
               WHERE n.instance_id = $1 AND n.event_type > types.event_type
               ORDER BY n.event_type LIMIT 1)
       FROM types WHERE types.event_type IS NOT NULL)
     SELECT event_type FROM types WHERE event_type IS NOT NULL)";

/// A condition and the values of its parameters, which are numbered from 1 on.
pub struct Condition {
    /// The expression of a WHERE clause, on the table `e`.
    pub sql: String,
    values: Vec<Parameter>,
}

impl Condition {
    /// The condition of a query, its keyword and value conditions aside.
    pub fn of(query: &EventQuery) -> Self {
        let mut condition = Self { sql: String::new(), values: Vec::new() };
        let whole_instance = match &query.scope {
            Scope::Instance(id) => {
                condition.and("e.instance_id = ?", id.0);
                query.event_types.is_none()
            }
            Scope::Across { project, epic } => {
                condition.across(project.as_deref(), epic.as_deref());
                false
            }
        };
        if let Some(after) = query.after_sequence {
            condition.and("e.sequence_num > ?", integer(after));
        }
        if let Some(types) = &query.event_types {
            let types: Vec<String> = types.iter().map(|name| stored(name).into_owned()).collect();
            condition.and("e.event_type = ANY(?)", types);
        }
        if let Some(start) = query.effective.start {
            condition.and("e.effective_at >= ?", Time(start));
        }
        if let Some(end) = query.effective.end {
            condition.and("e.effective_at <= ?", Time(end));
        }
        if query.effective != TimeRange::default() && whole_instance {
            condition.sql += &format!(" AND e.event_type = ANY({TYPES_OF_INSTANCE})");
        }
        condition
    }

    fn across(&mut self, project: Option<&str>, epic: Option<&str>) {
        if let Some(project) = project {
            let instances =
                "e.instance_id IN (SELECT instance_id FROM supervisor_sessions WHERE project = ?)";
            self.and(instances, stored(project).into_owned());
        }
        if let Some(epic) = epic {
            // As the index has it.
            self.and(
                "e.event_data ->> 'epic_id' = ? AND jsonb_typeof(e.event_data -> 'epic_id') = 'string'",
                stored(epic).into_owned(),
            );
        }
        if self.sql.is_empty() {
            self.sql.push_str("TRUE");
        }
    }

    /// Leaves out events that a keyword cannot match, where that can be told: those whose texts lack
    /// it, without regard to the case of ASCII letters. Of all other characters only these two have a
    /// lowercase form with an ASCII letter: the Kelvin sign and the dotted capital I. An event whose
    /// JSONB differs from its text is always looked at.
    pub fn narrow(&mut self, keyword: &Keyword) {
        let Some(ascii) = keyword.ascii_literal() else { return };
        let has = |text: &str| {
            format!(
                "strpos(lower(({text}) COLLATE \"C\"), ?) > 0 OR ({text}) LIKE ANY ('{{%\u{212a}%,%\u{130}%}}')"
            )
        };
        let sql = format!(
            "(e.event_text IS NOT NULL OR e.metadata_text IS NOT NULL OR {} OR {} OR {})",
            has("e.event_type"),
            has("e.event_data::text"),
            has("e.metadata::text"),
        );
        self.and(&sql, ascii.to_owned());
    }

    /// Adds a condition; each `?` in it stands for `value`.
    pub fn and(&mut self, sql: &str, value: impl ToSql + Sync + Send + 'static) {
        let joint = if self.sql.is_empty() { "" } else { " AND " };
        let parameter = self.bind(value);
        self.sql += joint;
        self.sql += &sql.replace('?', &parameter);
    }

    /// Adds a parameter; gives its name.
    pub fn bind(&mut self, value: impl ToSql + Sync + Send + 'static) -> String {
        self.values.push(Box::new(value));
        format!("${}", self.values.len())
    }

    /// The first `count` parameters.
    pub fn params(&self, count: usize) -> Vec<&(dyn ToSql + Sync)> {
        self.values[..count].iter().map(|value| &**value as &(dyn ToSql + Sync)).collect()
    }

    /// How many parameters there are.
    pub fn count(&self) -> usize {
        self.values.len()
    }
}
