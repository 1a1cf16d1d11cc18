-- Money is whole nano-dollars, time is microseconds since the epoch.
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE collection (id TEXT PRIMARY KEY, key TEXT NOT NULL UNIQUE, created_at INTEGER NOT NULL) STRICT;

CREATE TABLE blob (id TEXT PRIMARY KEY, bytes BLOB) STRICT; -- no bytes: a file of that name beside the store

CREATE TABLE job (
    id TEXT PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    content TEXT NOT NULL,
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    held INTEGER NOT NULL CHECK (held >= 0),
    settled INTEGER NOT NULL CHECK (settled >= 0),
    due_at INTEGER,
    created_at INTEGER NOT NULL,
    device TEXT NOT NULL,
    project TEXT,
    adopted INTEGER NOT NULL,
    terms TEXT NOT NULL,
    life TEXT NOT NULL,
    checksum TEXT NOT NULL,
    leased_by TEXT,
    leased_until INTEGER
) STRICT;
CREATE INDEX job_due ON job (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX job_born ON job (created_at);

CREATE TABLE point (collection TEXT NOT NULL, number INTEGER NOT NULL, job TEXT NOT NULL REFERENCES job (id),
    PRIMARY KEY (collection, number)) STRICT, WITHOUT ROWID;

CREATE TABLE attempt (job TEXT NOT NULL REFERENCES job (id), number INTEGER NOT NULL, task TEXT, outcome TEXT,
    PRIMARY KEY (job, number)) STRICT, WITHOUT ROWID;
CREATE INDEX attempt_task ON attempt (task) WHERE task IS NOT NULL;

CREATE TABLE lane (id TEXT PRIMARY KEY, lane TEXT NOT NULL, scanned_to INTEGER) STRICT;

CREATE TABLE budget (name TEXT PRIMARY KEY, cap INTEGER NOT NULL, per TEXT NOT NULL, scope TEXT NOT NULL,
    created_at INTEGER NOT NULL, removed_at INTEGER, checksum TEXT NOT NULL) STRICT;

-- What a budget has in a period. `guarded` is the hold of a new attempt: it must fit the cap.
CREATE TABLE balance (budget TEXT NOT NULL REFERENCES budget (name), period TEXT NOT NULL,
    held INTEGER NOT NULL DEFAULT 0 CHECK (held >= 0), settled INTEGER NOT NULL DEFAULT 0 CHECK (settled >= 0),
    guarded INTEGER NOT NULL DEFAULT 0, checksum TEXT NOT NULL,
    PRIMARY KEY (budget, period)) STRICT, WITHOUT ROWID;
CREATE TRIGGER balance_born BEFORE INSERT ON balance WHEN NEW.held <> 0 OR NEW.settled <> 0
BEGIN SELECT RAISE(ABORT, 'a balance begins empty'); END;
CREATE TRIGGER balance_guard BEFORE UPDATE ON balance WHEN NEW.guarded = 1
    AND NEW.held + NEW.settled > (SELECT cap FROM budget WHERE name = NEW.budget)
BEGIN SELECT RAISE(ABORT, 'over budget'); END;

CREATE TABLE claim (job TEXT NOT NULL REFERENCES job (id), budget TEXT NOT NULL, period TEXT NOT NULL,
    held INTEGER NOT NULL CHECK (held >= 0), settled INTEGER NOT NULL CHECK (settled >= 0),
    checksum TEXT NOT NULL, PRIMARY KEY (job, budget, period)) STRICT, WITHOUT ROWID;
CREATE INDEX claim_budget ON claim (budget, period);

CREATE TABLE posting (sequence INTEGER PRIMARY KEY, at INTEGER NOT NULL, job TEXT NOT NULL, verb TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0), hash TEXT NOT NULL) STRICT;
CREATE TRIGGER posting_stays BEFORE UPDATE ON posting BEGIN SELECT RAISE(ABORT, 'postings never change'); END;
CREATE TRIGGER posting_remains BEFORE DELETE ON posting BEGIN SELECT RAISE(ABORT, 'postings never go'); END;

CREATE TABLE event (sequence INTEGER PRIMARY KEY, at INTEGER NOT NULL, job TEXT NOT NULL, name TEXT NOT NULL,
    detail TEXT NOT NULL) STRICT;
CREATE INDEX event_job ON event (job);
