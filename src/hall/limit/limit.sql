-- name: limit_try_add :exec
INSERT INTO limit_try (id, kind, who, address, at) VALUES ($1, $2, $3, $4, $5);

-- name: limit_try_of_who :many
SELECT at FROM limit_try WHERE kind = $1 AND who = $2 AND at > $3 ORDER BY at DESC LIMIT $4;

-- name: limit_try_of_address :many
SELECT at FROM limit_try WHERE kind = $1 AND address = $2 AND at > $3 ORDER BY at DESC LIMIT $4;

-- name: limit_try_clear :exec
DELETE FROM limit_try WHERE kind = $1 AND who = $2;

-- name: limit_try_prune :exec
DELETE FROM limit_try WHERE at < $1;
