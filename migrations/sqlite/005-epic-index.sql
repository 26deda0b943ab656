-- Questions about one epic across instances. Only a text names an epic.

ALTER TABLE event_store ADD COLUMN
  epic_id TEXT GENERATED ALWAYS AS (
    iif(json_type(event_data, '$.epic_id') = 'text', json_extract(event_data, '$.epic_id'), NULL)
  ) VIRTUAL;

CREATE INDEX idx_event_store_epic ON event_store (epic_id) WHERE epic_id IS NOT NULL;
