-- Every version of a profile that an order may have started with, whole, so that it can be read again after the
-- file has changed (design §4).
CREATE TABLE project_profile (
    code TEXT NOT NULL,
    version INTEGER NOT NULL,           -- from the content
    profile TEXT NOT NULL,              -- profile.yaml as read
    kept_at INTEGER NOT NULL,           -- business time
    PRIMARY KEY (code, version)
);
