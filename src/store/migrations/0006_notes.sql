-- What runners met: it explains to people and decides nothing.
CREATE TABLE note (place TEXT PRIMARY KEY, text TEXT NOT NULL, until INTEGER, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
