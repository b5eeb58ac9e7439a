-- Public keys that get no certificate, whoever has them: entered by the administrator, each by the SHA-256 of its
-- SubjectPublicKeyInfo as the ca writes it (`key_hash` of ca_certificate).
CREATE TABLE ca_compromised (
    key_hash BLOB NOT NULL PRIMARY KEY,
    why TEXT NOT NULL,
    entered_by TEXT NOT NULL,
    entered_at INTEGER NOT NULL
);
