-- Who is told of what, and the notices on their way: written in the transaction of the step that they tell of.
CREATE TABLE hook (id TEXT PRIMARY KEY, news TEXT NOT NULL, kind TEXT NOT NULL, target TEXT NOT NULL,
    created_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE notice (id TEXT PRIMARY KEY, hook TEXT NOT NULL REFERENCES hook (id), job TEXT NOT NULL REFERENCES job (id),
    at INTEGER NOT NULL, due_at INTEGER, tries INTEGER NOT NULL DEFAULT 0, held_by TEXT, held_until INTEGER,
    problem TEXT) STRICT, WITHOUT ROWID; -- without due_at: given up; delivered ones are deleted
CREATE INDEX notice_due ON notice (due_at) WHERE due_at IS NOT NULL;
