-- What the contract suite stores.
CREATE TABLE thing (
    id INTEGER PRIMARY KEY,
    version INTEGER NOT NULL DEFAULT 1,
    name TEXT,
    content BLOB,
    amount INTEGER
);
CREATE UNIQUE INDEX thing_name ON thing (name);
