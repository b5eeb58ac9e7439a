-- What the store itself keeps: which migrations were applied.

-- name: store_bootstrap :exec
CREATE TABLE IF NOT EXISTS schema_migration (
    module TEXT NOT NULL,
    number INTEGER NOT NULL,
    name TEXT NOT NULL,
    checksum TEXT NOT NULL,
    applied_at INTEGER NOT NULL,
    PRIMARY KEY (module, number)
);

-- name: store_migrations :many
SELECT module, number, name, checksum FROM schema_migration ORDER BY module, number;

-- name: store_migration_get :one
SELECT checksum FROM schema_migration WHERE module = $1 AND number = $2;

-- name: store_migration_add :exec
INSERT INTO schema_migration (module, number, name, checksum, applied_at) VALUES ($1, $2, $3, $4, $5);
