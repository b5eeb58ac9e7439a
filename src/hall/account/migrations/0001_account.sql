CREATE TABLE account (
    id INTEGER NOT NULL PRIMARY KEY,
    project TEXT NOT NULL,
    reporting_code TEXT NOT NULL,
    user_name TEXT NOT NULL,
    institution INTEGER NOT NULL,
    code_index BLOB NOT NULL UNIQUE,    -- blind index of project and authorisation code; the code is nowhere
    state TEXT NOT NULL,                -- LOADED | USABLE | IN_USE | WITHDRAWN
    usable_from INTEGER NOT NULL,       -- China day
    usable_provisional INTEGER NOT NULL,
    handler BLOB NOT NULL,              -- sealed
    mobile BLOB NOT NULL,
    email BLOB NOT NULL,
    mobile_index BLOB NOT NULL,         -- blind, for the console's search by whole value
    email_index BLOB NOT NULL,
    loaded_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    UNIQUE (project, reporting_code, user_name)
);
CREATE INDEX account_institution ON account (institution, id);
CREATE INDEX account_mobile ON account (mobile_index);
CREATE INDEX account_email ON account (email_index);
CREATE INDEX account_loaded ON account (usable_from) WHERE state = 'LOADED';

-- One-time codes by SMS: one for each account and use.
CREATE TABLE account_otp (
    account INTEGER NOT NULL,
    use_for TEXT NOT NULL,
    object TEXT NOT NULL,
    code_index BLOB NOT NULL,
    tries_left INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,           -- machine time
    PRIMARY KEY (account, use_for)
);
