CREATE SCHEMA IF NOT EXISTS muster;
COMMENT ON SCHEMA muster IS 'The journal of muster: what was imported, by whom, from which files, and how to take it back.';

CREATE TABLE muster.version (version integer PRIMARY KEY);
INSERT INTO muster.version VALUES (4);

-- Runs that committed, undos among them. xid is the transaction; stamp is what its rows have in xmin, which
-- after a savepoint is the number of a part of the transaction. text_images: see updated.
CREATE TABLE muster.runs (
    id uuid PRIMARY KEY,
    command text NOT NULL,
    started timestamptz NOT NULL,
    finished timestamptz NOT NULL,
    role text NOT NULL DEFAULT session_user,
    client text DEFAULT coalesce(host(inet_client_addr()), 'local socket'),
    host text,
    version text NOT NULL,
    schema_sha256 text NOT NULL,
    options jsonb NOT NULL DEFAULT '{}',
    status text NOT NULL DEFAULT 'committed' CHECK (status IN ('committed', 'undone')),
    undone_by uuid,
    undoes uuid,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    stamp xid NOT NULL,
    undoable boolean NOT NULL,
    pruned timestamptz,
    text_images boolean NOT NULL DEFAULT true
);
CREATE INDEX ON muster.runs (xid);

-- One row a run, written where its rows are written: its xmin is theirs.
CREATE TABLE muster.stamps (run uuid PRIMARY KEY);

CREATE TABLE muster.run_files (
    run uuid NOT NULL,
    entity text NOT NULL,
    file integer NOT NULL,
    path text NOT NULL,
    bytes bigint NOT NULL,
    sha256 text NOT NULL,
    encoding text NOT NULL,
    delimiter text NOT NULL,
    PRIMARY KEY (run, entity, file)
);

CREATE TABLE muster.run_counts (
    run uuid NOT NULL,
    entity text NOT NULL,
    place integer NOT NULL,
    "table" text NOT NULL,
    id_column text NOT NULL,
    key_column text NOT NULL,
    read bigint NOT NULL,
    blank bigint NOT NULL,
    accepted bigint NOT NULL,
    rejected bigint NOT NULL,
    duplicates bigint NOT NULL,
    inserted bigint NOT NULL,
    updated bigint NOT NULL,
    unchanged bigint NOT NULL,
    warnings bigint NOT NULL,
    forgotten bigint NOT NULL DEFAULT 0,
    deleted bigint NOT NULL,
    PRIMARY KEY (run, entity)
);

-- Clean rows are numbered from 0; rows that follow each other in a file follow each other here, too.
CREATE TABLE muster.run_records (
    run uuid NOT NULL,
    entity text NOT NULL,
    file integer NOT NULL,
    first_row bigint NOT NULL,
    first_record bigint NOT NULL,
    rows bigint NOT NULL,
    PRIMARY KEY (run, entity, first_row)
);

-- A block of inserted rows in the order of their ids. Without ids these are all from first_id to last_id;
-- without row_numbers the rows follow first_row. hashes has eight bytes a row: see images.
CREATE TABLE muster.inserted (
    run uuid NOT NULL,
    entity text NOT NULL,
    first_id bigint NOT NULL,
    last_id bigint NOT NULL,
    rows bigint NOT NULL,
    first_row bigint,
    ids bigint[],
    row_numbers bigint[],
    image integer,
    hashes bytea,
    PRIMARY KEY (entity, first_id, run)
);
ALTER TABLE muster.inserted ALTER ids SET STORAGE EXTERNAL, ALTER row_numbers SET STORAGE EXTERNAL,
    ALTER hashes SET STORAGE EXTERNAL;
CREATE INDEX ON muster.inserted (run);

-- What an inserted row's hash was made of: the first eight bytes of the SHA-256 of ARRAY[columns]::text as UTF-8,
-- each column as text (DateStyle ISO, TimeZone UTC, extra_float_digits 1, bytea_output hex). The other columns
-- were filled by defaults and stay outside.
CREATE TABLE muster.images (
    run uuid NOT NULL,
    entity text NOT NULL,
    image integer NOT NULL,
    columns text[] NOT NULL,
    others text[] NOT NULL,
    PRIMARY KEY (run, entity, image)
);

-- Updated rows: what they were, who had written that, and a hash of what they became. before has the text of each
-- column as its type prints it; of runs without text_images it is to_jsonb(row). after_hash is hashtextextended of the
-- whole row as text, or of that JSON.
CREATE TABLE muster.updated (
    run uuid NOT NULL,
    entity text NOT NULL,
    id bigint NOT NULL,
    row_number bigint NOT NULL,
    before jsonb NOT NULL,
    before_xmin xid NOT NULL,
    after_hash bigint NOT NULL,
    PRIMARY KEY (entity, id, run)
);
CREATE INDEX ON muster.updated (run, entity);

-- Deleted rows: what they were (see updated), who had written that, and whether they went after the others were
-- written.
CREATE TABLE muster.deleted (
    run uuid NOT NULL,
    entity text NOT NULL,
    id bigint NOT NULL,
    row_number bigint NOT NULL,
    before jsonb NOT NULL,
    before_xmin xid NOT NULL,
    last boolean NOT NULL,
    PRIMARY KEY (run, entity, id)
);

-- Rows that an undo put back: written by the transaction now, they are as the one in stood left them.
CREATE TABLE muster.restored (
    "table" text NOT NULL,
    id bigint NOT NULL,
    stood xid NOT NULL,
    now xid NOT NULL,
    PRIMARY KEY ("table", id)
);

-- Where each row that was written came from.
CREATE VIEW muster.provenance AS
WITH written AS (
    SELECT b.run, b.entity, r.id, 'inserted' AS what, r.row_number
    FROM muster.inserted b CROSS JOIN LATERAL (
        SELECT coalesce(b.ids[n], b.first_id + n - 1) AS id,
               coalesce(b.row_numbers[n], b.first_row + n - 1) AS row_number
        FROM generate_series(1, b.rows) n) r
    UNION ALL
    SELECT run, entity, id, 'updated', row_number FROM muster.updated
)
SELECT w.run, w.entity, w.id, w.what, f.path AS file, r.first_record + w.row_number - r.first_row AS record
FROM written w
JOIN muster.run_records r ON r.run = w.run AND r.entity = w.entity
    AND w.row_number >= r.first_row AND w.row_number < r.first_row + r.rows
JOIN muster.run_files f ON f.run = w.run AND f.entity = w.entity AND f.file = r.file;
