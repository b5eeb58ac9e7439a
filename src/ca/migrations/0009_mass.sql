-- Many certificates held, released or revoked by one request, which is asked again until all of it is done.
CREATE TABLE ca_mass (
    request_id TEXT NOT NULL PRIMARY KEY,
    sum BLOB NOT NULL,                  -- SHA-256 of what was asked for
    at INTEGER NOT NULL
);
CREATE TABLE ca_mass_item (
    request_id TEXT NOT NULL REFERENCES ca_mass (request_id),
    n INTEGER NOT NULL,                 -- from 1, as asked
    serial TEXT NOT NULL,               -- hex, as asked
    result TEXT NOT NULL,               -- '' open; done, already, or the code of the refusal
    seq INTEGER NOT NULL,               -- of its change in the status log; 0: none
    PRIMARY KEY (request_id, n)
);
CREATE INDEX ca_mass_item_open ON ca_mass_item (request_id, n) WHERE result = '';
