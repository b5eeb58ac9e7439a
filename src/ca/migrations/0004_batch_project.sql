-- A list belongs to the project whose regulator signed it: the same file may be a list of another project as well.
ALTER TABLE ca_batch_row RENAME TO ca_batch_row_once;
ALTER TABLE ca_batch RENAME TO ca_batch_once;
CREATE TABLE ca_batch (
    project TEXT NOT NULL,
    id TEXT NOT NULL,                   -- hex SHA-256 of the file
    seq INTEGER NOT NULL UNIQUE,        -- order of arrival: a later batch corrects an earlier one
    signer TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    PRIMARY KEY (project, id)
);
CREATE TABLE ca_batch_row (
    project TEXT NOT NULL,
    batch_id TEXT NOT NULL,
    row_no INTEGER NOT NULL,
    action TEXT NOT NULL,               -- add | correct | withdraw
    reporting_code TEXT NOT NULL,
    user_name TEXT NOT NULL,
    institution_name TEXT NOT NULL,
    uscc TEXT NOT NULL,
    row_hash BLOB NOT NULL,
    seq INTEGER NOT NULL,               -- the batch's
    PRIMARY KEY (project, batch_id, row_no),
    FOREIGN KEY (project, batch_id) REFERENCES ca_batch (project, id)
);
INSERT INTO ca_batch (project, id, seq, signer, received_at)
SELECT project, id, seq, signer, received_at FROM ca_batch_once;
INSERT INTO ca_batch_row (project, batch_id, row_no, action, reporting_code, user_name, institution_name, uscc, row_hash, seq)
SELECT b.project, r.batch_id, r.row_no, r.action, r.reporting_code, r.user_name, r.institution_name, r.uscc, r.row_hash, r.seq
FROM ca_batch_row_once r JOIN ca_batch_once b ON b.id = r.batch_id;
DROP TABLE ca_batch_row_once;
DROP TABLE ca_batch_once;
CREATE INDEX ca_batch_row_key ON ca_batch_row (project, reporting_code, user_name, seq);
