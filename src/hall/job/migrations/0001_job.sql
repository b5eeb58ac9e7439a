-- Jobs of the agent. Tickets, codes and browsers stand here as keyed hashes only; the finish token and its digits are
-- reckoned from the nonce and the vault's key when they are needed.
CREATE TABLE job (
    id INTEGER NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    browser BLOB NOT NULL,
    account_id INTEGER NOT NULL,        -- 0: nobody signed in
    staff_id INTEGER NOT NULL,
    staff_name TEXT NOT NULL,
    staff_role TEXT NOT NULL,
    project TEXT NOT NULL,
    order_id INTEGER NOT NULL,
    serial TEXT NOT NULL,
    sms_id INTEGER NOT NULL,
    step TEXT NOT NULL,
    data TEXT NOT NULL,                 -- JSON: what later steps need of earlier ones; no secret, no personal value
    progress TEXT NOT NULL,
    agent TEXT NOT NULL,
    problem TEXT NOT NULL,
    waits_for_ca INTEGER NOT NULL,
    result TEXT NOT NULL,
    made_at INTEGER NOT NULL,           -- machine time, as all here
    ticket BLOB UNIQUE,                 -- NULL: used up
    ticket_until INTEGER NOT NULL,
    code BLOB UNIQUE,
    code_until INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    agent_key BLOB NOT NULL,            -- empty: not bound
    seal_key BLOB NOT NULL,
    last_time INTEGER NOT NULL,         -- X-Agent-Time of the last request accepted
    nonce BLOB NOT NULL,
    finish_until INTEGER NOT NULL,      -- 0: the agent is not done
    finish_tries INTEGER NOT NULL
);
CREATE INDEX job_order ON job (order_id, id) WHERE order_id > 0;
CREATE INDEX job_browser ON job (browser, id);
CREATE INDEX job_ends ON job (ends_at);

-- SMS codes that authorise one first PIN.
CREATE TABLE job_sms (
    id INTEGER NOT NULL PRIMARY KEY,
    browser BLOB NOT NULL,
    account_id INTEGER NOT NULL,
    serial TEXT NOT NULL,
    sent_at INTEGER NOT NULL,
    tries_left INTEGER NOT NULL,
    verified_at INTEGER NOT NULL,       -- 0: not verified
    job_id INTEGER NOT NULL             -- the job it authorised; 0: none
);
CREATE INDEX job_sms_sent ON job_sms (sent_at);
