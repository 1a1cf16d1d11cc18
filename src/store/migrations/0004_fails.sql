-- How many of a collection failed, asked before each of its jobs is sent.
CREATE INDEX job_failed ON job (lot, created_at) WHERE state IN ('FAILED', 'REFUSED');
