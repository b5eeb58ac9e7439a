-- One at a time for each key: SQLite has one writer anyway, PostgreSQL needs to be told, or a burst of tries at the
-- same moment would all be counted from the same number.
-- name: limit_lock :one
SELECT CAST($1 AS BIGINT) AS key;

-- name: limit_lock :one @postgres
SELECT CAST($1 AS BIGINT) AS key FROM pg_advisory_xact_lock($1);

-- name: limit_try_add :exec
INSERT INTO limit_try (id, kind, who, address, at) VALUES ($1, $2, $3, $4, $5);

-- Tries dated ahead of $5 are of a clock that was set back since: nobody is kept out until then.
-- name: limit_try_of_who :many
SELECT at FROM limit_try WHERE kind = $1 AND who = $2 AND at > $3 AND at <= $5 ORDER BY at DESC LIMIT $4;

-- name: limit_try_of_address :many
SELECT at FROM limit_try WHERE kind = $1 AND address = $2 AND at > $3 AND at <= $5 ORDER BY at DESC LIMIT $4;

-- name: limit_try_clear :exec
DELETE FROM limit_try WHERE kind = $1 AND who = $2;

-- name: limit_try_prune :exec
DELETE FROM limit_try WHERE at < $1;
