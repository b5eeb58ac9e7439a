CREATE TABLE session (
    id INTEGER NOT NULL PRIMARY KEY,
    token_index BLOB NOT NULL UNIQUE,   -- keyed hash of the cookie's token
    kind TEXT NOT NULL,                 -- applicant | staff
    who INTEGER NOT NULL,
    project TEXT NOT NULL,
    way TEXT NOT NULL,
    opened_at INTEGER NOT NULL,         -- machine time, as all times here
    seen_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL
);
CREATE INDEX session_who ON session (kind, who);
CREATE INDEX session_ends ON session (ends_at);
