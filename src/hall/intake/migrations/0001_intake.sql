-- The regulator's certificate of each project: whose signature a list must carry.
CREATE TABLE intake_regulator (
    project TEXT NOT NULL PRIMARY KEY,
    certificate BLOB NOT NULL,          -- DER
    entered_at INTEGER NOT NULL
);

-- Lists taken. The file itself is not kept: it may hold authorisation codes.
CREATE TABLE intake_batch (
    id INTEGER NOT NULL PRIMARY KEY,
    project TEXT NOT NULL,
    batch TEXT NOT NULL,                -- hex SHA-256 of the file
    name TEXT NOT NULL,
    by_name TEXT NOT NULL,
    signer TEXT NOT NULL,
    at INTEGER NOT NULL,
    row_n INTEGER NOT NULL,
    added INTEGER NOT NULL,
    corrected INTEGER NOT NULL,
    withdrawn INTEGER NOT NULL,
    ca_state TEXT NOT NULL,             -- waiting | taken | refused
    UNIQUE (project, batch)
);

-- What each row said of a certificate's subject: the evidence.
CREATE TABLE intake_row (
    id INTEGER NOT NULL PRIMARY KEY,
    batch_id INTEGER NOT NULL REFERENCES intake_batch (id),
    number INTEGER NOT NULL,
    account INTEGER NOT NULL,
    action TEXT NOT NULL,               -- add | correct | withdraw
    institution_name TEXT NOT NULL,
    reporting_code TEXT NOT NULL,
    user_name TEXT NOT NULL,
    uscc TEXT NOT NULL,
    hash BLOB NOT NULL,
    UNIQUE (batch_id, number)
);
CREATE INDEX intake_row_account ON intake_row (account, id);

CREATE TABLE intake_override (
    batch_id INTEGER NOT NULL REFERENCES intake_batch (id),
    number INTEGER NOT NULL,
    column_name TEXT NOT NULL,
    problem TEXT NOT NULL,              -- reglist_reason_code
    reason TEXT NOT NULL,
    PRIMARY KEY (batch_id, number, column_name, problem)
);
