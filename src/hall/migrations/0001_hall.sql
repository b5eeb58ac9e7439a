-- Worker numbers of hall processes: each is held by at most one until `until_at` (machine time).
CREATE TABLE hall_worker (
    worker INTEGER NOT NULL PRIMARY KEY,
    holder BLOB NOT NULL,               -- 16 random octets of the process
    until_at INTEGER NOT NULL
);
