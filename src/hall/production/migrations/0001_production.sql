-- Orders that are made. No personal value stands here.
CREATE TABLE production (
    order_id INTEGER NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    project TEXT NOT NULL,
    state TEXT NOT NULL,                -- queued | made | packed | void
    queued_at INTEGER NOT NULL,
    made_at INTEGER NOT NULL,           -- 0: not made
    maker INTEGER NOT NULL,
    maker_name TEXT NOT NULL,
    quality_at INTEGER NOT NULL,        -- of the last check
    quality_who TEXT NOT NULL,
    quality_passed INTEGER NOT NULL,
    quality_reason TEXT NOT NULL,
    waits_for_ca INTEGER NOT NULL
);
CREATE INDEX production_state ON production (state, queued_at);
CREATE INDEX production_made ON production (made_at) WHERE made_at > 0;

-- Steps of making, each with its last time.
CREATE TABLE production_step (
    order_id INTEGER NOT NULL,
    step INTEGER NOT NULL,
    at INTEGER NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (order_id, step)
);
