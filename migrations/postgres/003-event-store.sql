-- The events.
--
-- event_text and metadata_text hold the payload where JSONB would not give the same text back.
-- created_at and updated_at equal timestamp for ever. effective_at is the time that date filters go
-- by. data_salt and metadata_salt are hashed before their payloads.

CREATE TABLE event_store (
  event_id        UUID        NOT NULL DEFAULT gen_random_uuid(),
  instance_id     UUID        NOT NULL REFERENCES supervisor_sessions (instance_id),
  event_type      VARCHAR(64) NOT NULL CHECK (event_type <> ''),
  sequence_num    BIGINT      NOT NULL CHECK (sequence_num > 0),
  timestamp       TIMESTAMPTZ NOT NULL DEFAULT NOW(),
  event_data      JSONB       NOT NULL,
  metadata        JSONB,
  global_position BIGINT      NOT NULL GENERATED ALWAYS AS IDENTITY,
  transaction_id  XID8        NOT NULL DEFAULT pg_current_xact_id(),
  hash            BYTEA       NOT NULL CHECK (length(hash) = 32),
  data_salt       BYTEA       NOT NULL,
  metadata_salt   BYTEA,
  occurred_at     TIMESTAMPTZ,
  caused_by       UUID,
  correlation_id  TEXT,
  event_text      TEXT,
  metadata_text   TEXT,
  created_at      TIMESTAMPTZ GENERATED ALWAYS AS (timestamp) STORED,
  updated_at      TIMESTAMPTZ GENERATED ALWAYS AS (timestamp) STORED,
  effective_at    TIMESTAMPTZ GENERATED ALWAYS AS (coalesce(occurred_at, timestamp)) STORED,
  PRIMARY KEY (event_id),
  CONSTRAINT unique_sequence UNIQUE (instance_id, sequence_num)
);

CREATE INDEX idx_event_store_type_timestamp ON event_store (event_type, timestamp DESC);

CREATE INDEX idx_event_store_instance_time ON event_store (instance_id, created_at DESC);

-- Filters by type and date, and their counts.
CREATE INDEX idx_event_store_instance_type_effective
  ON event_store (instance_id, event_type, effective_at, sequence_num);

-- The feed: a transaction that commits late may hold lower positions than what was read before.
CREATE INDEX idx_event_store_feed ON event_store (transaction_id, global_position);

CREATE INDEX idx_event_store_position ON event_store (global_position);

CREATE TRIGGER event_store_refuses_change BEFORE UPDATE OR DELETE ON event_store
  FOR EACH ROW EXECUTE FUNCTION annals_refuse();

CREATE TRIGGER event_store_refuses_truncate BEFORE TRUNCATE ON event_store
  FOR EACH STATEMENT EXECUTE FUNCTION annals_refuse();

ALTER TABLE event_store ENABLE ALWAYS TRIGGER event_store_refuses_change;

ALTER TABLE event_store ENABLE ALWAYS TRIGGER event_store_refuses_truncate;
