-- Orders with the states of their five regions, what happened to them, and what the timers have to do.
CREATE TABLE orders (
    id INTEGER NOT NULL PRIMARY KEY,    -- the order number
    version INTEGER NOT NULL,
    project TEXT NOT NULL,
    profile INTEGER NOT NULL,           -- version of the profile it started with
    type TEXT NOT NULL,
    account_id INTEGER NOT NULL,
    institution_id INTEGER NOT NULL,
    institution_name TEXT NOT NULL,     -- as on order, parcel and invoice
    name_changed INTEGER NOT NULL,      -- 1: not what the regulator approved
    application TEXT NOT NULL,
    payment TEXT NOT NULL,
    invoice TEXT NOT NULL,
    fulfilment TEXT NOT NULL,
    papers TEXT NOT NULL,               -- "EXPECTED:0 OK:2": state and leg of each set
    passed INTEGER NOT NULL,            -- review stages
    grp TEXT NOT NULL,                  -- yours, running, ended: what lists filter by
    is_open INTEGER NOT NULL,           -- 1: the application is not at rest
    holds_limit INTEGER NOT NULL,       -- 1: counts against keys.per_user
    amount_fen INTEGER NOT NULL,
    fee_rule TEXT NOT NULL,
    price_until INTEGER NOT NULL,
    in_place INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    agreement TEXT NOT NULL,            -- version accepted
    agreement_hash BLOB NOT NULL,       -- SHA-256 of the text accepted (G-26)
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    submitted_at INTEGER NOT NULL,
    paid_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    kept_until INTEGER NOT NULL         -- of a draft; 0: for good
);
-- Two tabs that begin the same business at once make one order.
CREATE UNIQUE INDEX orders_open ON orders (account_id, type) WHERE is_open = 1;
CREATE INDEX orders_account ON orders (account_id, grp, id);
CREATE INDEX orders_project ON orders (project, grp, id);
CREATE INDEX orders_institution ON orders (institution_id, id);
CREATE INDEX orders_drafts ON orders (kept_until) WHERE kept_until > 0;

CREATE TABLE order_log (
    id INTEGER NOT NULL PRIMARY KEY,
    order_id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    flow_row TEXT NOT NULL,             -- of requirements 10: "A7"
    event TEXT NOT NULL,
    actor_kind TEXT NOT NULL,
    who TEXT NOT NULL,
    what TEXT NOT NULL                  -- JSON of the values its sentence needs; no personal ones
);
CREATE INDEX order_log_order ON order_log (order_id, id);

CREATE TABLE order_timer (
    order_id INTEGER NOT NULL,
    name TEXT NOT NULL,                 -- of the clock
    event TEXT NOT NULL,                -- what it applies
    due_at INTEGER NOT NULL,            -- business time
    PRIMARY KEY (order_id, name)
);
CREATE INDEX order_timer_due ON order_timer (due_at);

-- What was told to an account, for its messages page; in both languages, no personal values.
CREATE TABLE order_message (
    id INTEGER NOT NULL PRIMARY KEY,
    account_id INTEGER NOT NULL,
    order_id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    title_zh TEXT NOT NULL,
    title_en TEXT NOT NULL,
    text_zh TEXT NOT NULL,
    text_en TEXT NOT NULL,
    seen INTEGER NOT NULL
);
CREATE INDEX order_message_account ON order_message (account_id, id);
CREATE INDEX order_message_unread ON order_message (account_id) WHERE seen = 0;
