-- That something changed; read by every hall process and deleted after five minutes.
CREATE TABLE event (
    id INTEGER NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,                -- machine time
    topic TEXT NOT NULL
);
CREATE INDEX event_at ON event (at);
