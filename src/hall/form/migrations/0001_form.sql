-- Sections of an order's form as typed, and what was confirmed. Values are sealed JSON objects: field name → text.
CREATE TABLE form_section (
    order_id INTEGER NOT NULL,
    section TEXT NOT NULL,
    rev INTEGER NOT NULL,               -- counts saves; 0: as it was begun
    saved_at INTEGER NOT NULL,          -- business time; 0: never
    typed BLOB NOT NULL,
    original BLOB NOT NULL,             -- what the regulator approved
    PRIMARY KEY (order_id, section)
);
CREATE TABLE form_revision (
    order_id INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    made_at INTEGER NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (order_id, revision)
);
