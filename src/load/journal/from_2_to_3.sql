-- Version 3 knows a hash of each inserted row. Rows of older runs have none.
ALTER TABLE muster.inserted ADD COLUMN image integer, ADD COLUMN hashes bytea;
ALTER TABLE muster.inserted ALTER hashes SET STORAGE EXTERNAL;

CREATE TABLE muster.images (
    run uuid NOT NULL,
    entity text NOT NULL,
    image integer NOT NULL,
    columns text[] NOT NULL,
    others text[] NOT NULL,
    PRIMARY KEY (run, entity, image)
);

INSERT INTO muster.version VALUES (3);
