-- Tries that count against a limit; gone a day later.
CREATE TABLE limit_try (
    id INTEGER NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,                 -- login | sms …
    who BLOB NOT NULL,                  -- blind index; empty: counts for the address only
    address BLOB NOT NULL,              -- blind index; empty: none
    at INTEGER NOT NULL                 -- machine time
);
CREATE INDEX limit_try_who ON limit_try (kind, who, at);
CREATE INDEX limit_try_address ON limit_try (kind, address, at);
CREATE INDEX limit_try_at ON limit_try (at);
