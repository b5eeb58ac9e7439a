-- When a certificate is known or thought to have become invalid (RFC 5280 5.3.2), and the shard of the issuer's list that its
-- distribution point names: 0 is the list of all. `shards`: the highest number that an issuer has used.
ALTER TABLE ca_certificate ADD COLUMN invalid_since INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ca_certificate ADD COLUMN shard INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ca_issuer ADD COLUMN shards INTEGER NOT NULL DEFAULT 0;
-- Lists are files from here on; what was signed is recorded by its sum. `base`: 0 for a complete list, else the number of the
-- list that a delta is held against, with the last change it contains and its times.
ALTER TABLE ca_crl RENAME TO ca_crl_once;
CREATE TABLE ca_crl (
    issuer_id INTEGER NOT NULL REFERENCES ca_issuer (id),
    shard INTEGER NOT NULL,
    base INTEGER NOT NULL,
    base_seq INTEGER NOT NULL,
    base_at INTEGER NOT NULL,
    base_until INTEGER NOT NULL,
    number INTEGER NOT NULL,
    status_seq INTEGER NOT NULL,        -- the last change it contains
    this_update INTEGER NOT NULL,
    next_update INTEGER NOT NULL,
    octets INTEGER NOT NULL,
    sha256 BLOB NOT NULL,               -- empty where it was not kept
    PRIMARY KEY (issuer_id, shard, number, base)
);
INSERT INTO ca_crl (issuer_id, shard, base, base_seq, base_at, base_until, number, status_seq, this_update, next_update, octets,
    sha256)
SELECT issuer_id, 0, 0, 0, 0, 0, number, status_seq, this_update, next_update, LENGTH(crl), x'' FROM ca_crl_once;
DROP TABLE ca_crl_once;
