-- The least that any import can take: both files by \copy into bare tables of text, no key, no check, no reference.
-- The tables are those of bare.sql. Run it in the folder of the files: psql -f by_copy.sql

\set ON_ERROR_STOP on
BEGIN;
\copy bare_accounts FROM 'accounts.csv' WITH (FORMAT csv, HEADER true)
\copy bare_users FROM 'users.csv' WITH (FORMAT csv, HEADER true)
COMMIT;
