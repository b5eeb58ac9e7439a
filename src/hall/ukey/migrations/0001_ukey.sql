-- UKeys, found by serial. No personal value stands here.
CREATE TABLE ukey (
    serial TEXT NOT NULL PRIMARY KEY,   -- no spaces
    project TEXT NOT NULL,
    model TEXT NOT NULL,
    batch TEXT NOT NULL,
    state TEXT NOT NULL,                -- flow_state_name
    version INTEGER NOT NULL,
    order_id INTEGER NOT NULL,          -- 0: free
    account_id INTEGER NOT NULL,        -- 0: nobody's yet
    stocked_at INTEGER NOT NULL,
    shipped_at INTEGER NOT NULL,
    first_pin_at INTEGER NOT NULL,
    admin_version INTEGER NOT NULL,     -- of the admin PIN that it has
    release_open INTEGER NOT NULL,      -- 1: an admin PIN is out and its use not confirmed
    user_left INTEGER NOT NULL,         -- -1: not known
    user_max INTEGER NOT NULL,
    admin_left INTEGER NOT NULL,
    admin_max INTEGER NOT NULL
);
CREATE INDEX ukey_order ON ukey (order_id) WHERE order_id > 0;
CREATE INDEX ukey_account ON ukey (account_id) WHERE account_id > 0;
CREATE INDEX ukey_blank ON ukey (project, serial) WHERE state = 'BLANK' AND order_id = 0;

-- Each UKey's own history.
CREATE TABLE ukey_line (
    id INTEGER NOT NULL PRIMARY KEY,
    serial TEXT NOT NULL,
    at INTEGER NOT NULL,
    row_id TEXT NOT NULL,               -- of flow: T2
    state TEXT NOT NULL,
    order_id INTEGER NOT NULL,
    who TEXT NOT NULL
);
CREATE INDEX ukey_line_serial ON ukey_line (serial, id);

-- UKeys of staff: with these makers sign.
CREATE TABLE ukey_staff (
    staff_id INTEGER NOT NULL PRIMARY KEY,
    serial TEXT NOT NULL,
    certificate TEXT NOT NULL           -- hex serial
);
