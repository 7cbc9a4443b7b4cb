-- Version 4 keeps updated and deleted rows as text. Older runs have them as JSON.
ALTER TABLE muster.runs ADD COLUMN text_images boolean NOT NULL DEFAULT false;
ALTER TABLE muster.runs ALTER COLUMN text_images SET DEFAULT true;

-- Every table has a key, so that rows can also be deleted if all tables are published. The key takes the place of an
-- index.
ALTER TABLE muster.run_records ADD PRIMARY KEY (run, entity, first_row);
DROP INDEX IF EXISTS muster.run_records_run_entity_first_row_idx;
ALTER TABLE muster.inserted ADD PRIMARY KEY (entity, first_id, run);
DROP INDEX IF EXISTS muster.inserted_entity_first_id_idx;
ALTER TABLE muster.updated ADD PRIMARY KEY (entity, id, run);
DROP INDEX IF EXISTS muster.updated_entity_id_idx;
ALTER TABLE muster.deleted ADD PRIMARY KEY (run, entity, id);
DROP INDEX IF EXISTS muster.deleted_run_entity_idx;

ALTER TABLE muster.version ADD PRIMARY KEY (version);
INSERT INTO muster.version VALUES (4);
DELETE FROM muster.version WHERE version < 4;
