-- Questions about one epic across instances. Only a text is taken for an epic.

CREATE INDEX idx_event_store_epic ON event_store ((event_data ->> 'epic_id'))
  WHERE jsonb_typeof(event_data -> 'epic_id') = 'string';
