-- The store's own facts, and the registry of instances.
--
-- Times are microseconds since 1970-01-01T00:00:00Z, identifiers the 16 bytes of a UUID.

CREATE TABLE store_meta (
  key   TEXT NOT NULL PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- One row an instance, which is also the head of its events: last_sequence, head_hash and
-- head_timestamp are those of its last event. All but the identity is a projection of event_store.
CREATE TABLE supervisor_sessions (
  instance_id        BLOB    NOT NULL PRIMARY KEY CHECK (length(instance_id) = 16),
  handle             TEXT    NOT NULL UNIQUE,
  project            TEXT    NOT NULL,
  instance_type      TEXT    NOT NULL,
  status             TEXT    NOT NULL CHECK (status IN ('active', 'stale', 'closed')),
  host               TEXT,
  pid                INTEGER,
  process_started_at INTEGER,
  created_at         INTEGER NOT NULL,
  last_heartbeat     INTEGER NOT NULL,
  context_percent    REAL,
  current_epic       TEXT,
  last_sequence      INTEGER NOT NULL CHECK (last_sequence >= 0),
  head_hash          BLOB    NOT NULL CHECK (length(head_hash) = 32),
  head_timestamp     INTEGER NOT NULL,
  origin_store_id    BLOB    NOT NULL CHECK (length(origin_store_id) = 16)
) STRICT, WITHOUT ROWID;

CREATE INDEX idx_supervisor_sessions_project ON supervisor_sessions (project);

CREATE TRIGGER supervisor_sessions_refuses_delete BEFORE DELETE ON supervisor_sessions
BEGIN
  SELECT RAISE(ABORT, 'an instance is never deleted');
END;

-- INSERT OR REPLACE deletes the row in its way without firing the trigger above.
CREATE TRIGGER supervisor_sessions_refuses_replace BEFORE INSERT ON supervisor_sessions
WHEN EXISTS (SELECT 1 FROM supervisor_sessions WHERE instance_id = NEW.instance_id)
  OR EXISTS (SELECT 1 FROM supervisor_sessions WHERE handle = NEW.handle)
BEGIN
  SELECT RAISE(ABORT, 'an instance is never replaced');
END;
