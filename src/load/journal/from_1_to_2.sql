-- Version 2 knows deleted rows.
ALTER TABLE muster.run_counts ADD COLUMN deleted bigint NOT NULL DEFAULT 0;
ALTER TABLE muster.run_counts ALTER COLUMN deleted DROP DEFAULT;

CREATE TABLE muster.deleted (
    run uuid NOT NULL,
    entity text NOT NULL,
    id bigint NOT NULL,
    row_number bigint NOT NULL,
    before jsonb NOT NULL,
    before_xmin xid NOT NULL,
    last boolean NOT NULL
);
CREATE INDEX ON muster.deleted (run, entity);

INSERT INTO muster.version VALUES (2);
