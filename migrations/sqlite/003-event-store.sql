-- The events.
--
-- created_at and updated_at equal timestamp for ever, so they are computed. effective_at is the time
-- that date filters go by. data_salt and metadata_salt are hashed before their payloads.

CREATE TABLE event_store (
  event_id        BLOB    NOT NULL PRIMARY KEY CHECK (length(event_id) = 16),
  instance_id     BLOB    NOT NULL REFERENCES supervisor_sessions (instance_id),
  event_type      TEXT    NOT NULL CHECK (length(event_type) BETWEEN 1 AND 64),
  sequence_num    INTEGER NOT NULL CHECK (sequence_num > 0),
  timestamp       INTEGER NOT NULL,
  event_data      TEXT    NOT NULL,
  metadata        TEXT,
  global_position INTEGER NOT NULL UNIQUE,
  hash            BLOB    NOT NULL CHECK (length(hash) = 32),
  data_salt       BLOB    NOT NULL,
  metadata_salt   BLOB,
  occurred_at     INTEGER,
  caused_by       BLOB,
  correlation_id  TEXT,
  created_at      INTEGER GENERATED ALWAYS AS (timestamp) VIRTUAL,
  updated_at      INTEGER GENERATED ALWAYS AS (timestamp) VIRTUAL,
  effective_at    INTEGER GENERATED ALWAYS AS (coalesce(occurred_at, timestamp)) VIRTUAL
) STRICT;

-- The specification's constraint unique_sequence and its index for replay, in one.
CREATE UNIQUE INDEX idx_event_store_instance_seq
  ON event_store (instance_id, sequence_num);

CREATE INDEX idx_event_store_type_timestamp
  ON event_store (event_type, timestamp DESC);

CREATE INDEX idx_event_store_instance_time
  ON event_store (instance_id, created_at DESC);

-- Filters by type and date, and their counts, without a look at the rows.
CREATE INDEX idx_event_store_instance_type_effective
  ON event_store (instance_id, event_type, effective_at, sequence_num);

CREATE TRIGGER event_store_refuses_update BEFORE UPDATE ON event_store
BEGIN
  SELECT RAISE(ABORT, 'event_store is append-only: an event is never changed');
END;

CREATE TRIGGER event_store_refuses_delete BEFORE DELETE ON event_store
BEGIN
  SELECT RAISE(ABORT, 'event_store is append-only: an event is never deleted');
END;

-- INSERT OR REPLACE deletes the row in its way without firing the trigger above.
CREATE TRIGGER event_store_refuses_replace BEFORE INSERT ON event_store
WHEN EXISTS (SELECT 1 FROM event_store WHERE event_id = NEW.event_id)
  OR EXISTS (SELECT 1 FROM event_store
             WHERE instance_id = NEW.instance_id AND sequence_num = NEW.sequence_num)
  OR EXISTS (SELECT 1 FROM event_store WHERE global_position = NEW.global_position)
  OR EXISTS (SELECT 1 FROM event_store WHERE rowid = NEW.rowid)
BEGIN
  SELECT RAISE(ABORT, 'event_store is append-only: an event is never replaced');
END;
