-- Whose turn it is among jobs that are due: one collection counts as one asker, however large it is.
ALTER TABLE job ADD COLUMN lot TEXT GENERATED ALWAYS AS (coalesce(json_extract(terms, '$.collection'), id)) VIRTUAL;
DROP INDEX job_due;
CREATE INDEX job_due ON job (due_at, id, lot) WHERE due_at IS NOT NULL;
