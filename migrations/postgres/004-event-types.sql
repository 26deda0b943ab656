-- The event types that users define, with every change that was ever made to them.
--
-- A row with a definition is a new version of its type. A row without one retires the version: it
-- takes no new events. The row with the highest change of a name says how the type stands.

CREATE TABLE event_types (
  change     BIGINT      NOT NULL PRIMARY KEY CHECK (change > 0),
  name       VARCHAR(64) NOT NULL CHECK (name <> ''),
  version    BIGINT      NOT NULL CHECK (version > 0),
  retired    BOOLEAN     NOT NULL,
  definition TEXT,
  changed_at TIMESTAMPTZ NOT NULL,
  UNIQUE (name, version, retired),
  CHECK ((definition IS NULL) = retired)
);

CREATE TRIGGER event_types_refuses_change BEFORE UPDATE OR DELETE ON event_types
  FOR EACH ROW EXECUTE FUNCTION annals_refuse();

CREATE TRIGGER event_types_refuses_truncate BEFORE TRUNCATE ON event_types
  FOR EACH STATEMENT EXECUTE FUNCTION annals_refuse();

ALTER TABLE event_types ENABLE ALWAYS TRIGGER event_types_refuses_change;

ALTER TABLE event_types ENABLE ALWAYS TRIGGER event_types_refuses_truncate;
