-- Questions about one epic across instances.

ALTER TABLE event_store ADD COLUMN
  epic_id TEXT GENERATED ALWAYS AS (json_extract(event_data, '$.epic_id')) VIRTUAL;

CREATE INDEX idx_event_store_epic ON event_store (epic_id) WHERE epic_id IS NOT NULL;
