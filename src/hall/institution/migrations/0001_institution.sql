CREATE TABLE institution (
    id INTEGER NOT NULL PRIMARY KEY,
    uscc TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    version INTEGER NOT NULL
);

-- Every name it ever had, the current one included.
CREATE TABLE institution_name (
    id INTEGER NOT NULL PRIMARY KEY,
    institution INTEGER NOT NULL REFERENCES institution (id),
    name TEXT NOT NULL,
    source TEXT NOT NULL,
    from_at INTEGER NOT NULL
);
CREATE INDEX institution_name_of ON institution_name (institution, id);
