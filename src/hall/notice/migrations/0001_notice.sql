-- Notices added beside those of the profile.
CREATE TABLE notice (
    id INTEGER NOT NULL PRIMARY KEY,
    project TEXT NOT NULL,
    title_zh TEXT NOT NULL,
    text_zh TEXT NOT NULL,
    title_en TEXT NOT NULL,             -- empty: the Chinese is shown
    text_en TEXT NOT NULL,
    from_at INTEGER NOT NULL,           -- business time
    until_at INTEGER NOT NULL,          -- 0: open
    important INTEGER NOT NULL,
    withdrawn INTEGER NOT NULL
);
CREATE INDEX notice_project ON notice (project, from_at) WHERE withdrawn = 0;
