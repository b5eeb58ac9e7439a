-- name: session_add :exec
INSERT INTO session (id, token_index, kind, who, project, way, opened_at, seen_at, ends_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8);

-- name: session_by_token :one
SELECT id, kind, who, project, way, opened_at, seen_at, ends_at FROM session WHERE token_index = $1;

-- name: session_seen :exec
UPDATE session SET seen_at = $2 WHERE id = $1;

-- name: session_close :exec
DELETE FROM session WHERE id = $1;

-- name: session_close_all :exec
DELETE FROM session WHERE kind = $1 AND who = $2;

-- name: session_prune :exec
DELETE FROM session WHERE ends_at < $1;
