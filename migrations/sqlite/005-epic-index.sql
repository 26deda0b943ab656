-- Questions about one epic across instances. Only a text is taken for an epic; whatever else a
-- payload holds there, it must never keep an event from being stored.

ALTER TABLE event_store ADD COLUMN epic_id TEXT GENERATED ALWAYS AS (
  CASE json_type(CASE WHEN json_valid(event_data) THEN event_data END, '$.epic_id')
    WHEN 'text' THEN json_extract(event_data, '$.epic_id')
  END
) VIRTUAL;

CREATE INDEX idx_event_store_epic ON event_store (epic_id) WHERE epic_id IS NOT NULL;
