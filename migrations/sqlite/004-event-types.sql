-- The event types that users define, with every change that was ever made to them.
--
-- A row with a definition is a new version of its type. A row without one retires the version: it
-- takes no new events. The row with the highest change of a name says how the type stands.

CREATE TABLE event_types (
  change     INTEGER NOT NULL PRIMARY KEY CHECK (change > 0),
  name       TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
  version    INTEGER NOT NULL CHECK (version > 0),
  retired    INTEGER NOT NULL CHECK (retired IN (0, 1)),
  definition TEXT,
  changed_at INTEGER NOT NULL,
  UNIQUE (name, version, retired),
  CHECK ((definition IS NULL) = (retired = 1))
) STRICT;

CREATE TRIGGER event_types_refuses_update BEFORE UPDATE ON event_types
BEGIN
  SELECT RAISE(ABORT, 'event_types is append-only: a version is never changed');
END;

CREATE TRIGGER event_types_refuses_delete BEFORE DELETE ON event_types
BEGIN
  SELECT RAISE(ABORT, 'event_types is append-only: a version is never deleted');
END;

-- INSERT OR REPLACE deletes the row in its way without firing the trigger above.
CREATE TRIGGER event_types_refuses_replace BEFORE INSERT ON event_types
WHEN EXISTS (SELECT 1 FROM event_types WHERE change = NEW.change)
  OR EXISTS (SELECT 1 FROM event_types
             WHERE name = NEW.name AND version = NEW.version AND retired = NEW.retired)
BEGIN
  SELECT RAISE(ABORT, 'event_types is append-only: a version is never replaced');
END;
