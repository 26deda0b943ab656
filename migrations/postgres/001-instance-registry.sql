-- The store's own facts, and the registry of instances.
--
-- Statements end with a semicolon and an empty line: each is sent on its own.

CREATE TABLE store_meta (
  key   TEXT  NOT NULL PRIMARY KEY,
  value BYTEA NOT NULL
);

-- One row an instance, which is also the head of its events: last_sequence, head_hash and
-- head_timestamp are those of its last event. All but the identity is a projection of event_store.
CREATE TABLE supervisor_sessions (
  instance_id        UUID        NOT NULL PRIMARY KEY,
  handle             TEXT        NOT NULL UNIQUE,
  project            TEXT        NOT NULL,
  instance_type      TEXT        NOT NULL,
  status             TEXT        NOT NULL CHECK (status IN ('active', 'stale', 'closed')),
  host               TEXT,
  pid                BIGINT,
  process_started_at TIMESTAMPTZ,
  created_at         TIMESTAMPTZ NOT NULL,
  last_heartbeat     TIMESTAMPTZ NOT NULL,
  context_percent    DOUBLE PRECISION,
  current_epic       TEXT,
  last_sequence      BIGINT      NOT NULL CHECK (last_sequence >= 0),
  head_hash          BYTEA       NOT NULL CHECK (length(head_hash) = 32),
  head_timestamp     TIMESTAMPTZ NOT NULL,
  origin_store_id    UUID        NOT NULL
) WITH (fillfactor = 70);

CREATE INDEX idx_supervisor_sessions_project ON supervisor_sessions (project);

CREATE FUNCTION annals_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: a row is never changed or removed (%)', TG_TABLE_NAME, TG_OP USING
    ERRCODE = 'integrity_constraint_violation',
    HINT = 'Annals keeps what was recorded.';
END
$$;

CREATE TRIGGER supervisor_sessions_refuses_delete BEFORE DELETE ON supervisor_sessions
  FOR EACH ROW EXECUTE FUNCTION annals_refuse();

CREATE TRIGGER supervisor_sessions_refuses_truncate BEFORE TRUNCATE ON supervisor_sessions
  FOR EACH STATEMENT EXECUTE FUNCTION annals_refuse();

ALTER TABLE supervisor_sessions ENABLE ALWAYS TRIGGER supervisor_sessions_refuses_delete;

ALTER TABLE supervisor_sessions ENABLE ALWAYS TRIGGER supervisor_sessions_refuses_truncate;
