CREATE TABLE task (
    id INTEGER NOT NULL PRIMARY KEY,
    order_id INTEGER NOT NULL,          -- 0: none
    kind TEXT NOT NULL,
    project TEXT NOT NULL,
    subject TEXT NOT NULL,
    role TEXT NOT NULL,
    note TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,            -- 0: none
    due_sort INTEGER NOT NULL,          -- due_at, the largest number where there is none
    provisional INTEGER NOT NULL,
    claimed_by INTEGER NOT NULL,
    claimed_name TEXT NOT NULL,
    lease_until INTEGER NOT NULL,       -- machine time
    closed_at INTEGER NOT NULL,         -- 0: open
    open_key TEXT UNIQUE,               -- order/kind/subject while open, NULL afterwards
    version INTEGER NOT NULL
);
CREATE INDEX task_open ON task (role, due_sort, id) WHERE closed_at = 0;
CREATE INDEX task_order ON task (order_id);

CREATE TABLE task_clock (
    order_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    owner TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    provisional INTEGER NOT NULL,
    paused_at INTEGER NOT NULL,         -- 0: running
    stopped_at INTEGER NOT NULL,        -- 0: not stopped
    PRIMARY KEY (order_id, name)
);
CREATE INDEX task_clock_running ON task_clock (due_at) WHERE paused_at = 0 AND stopped_at = 0;
