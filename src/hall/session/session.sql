-- name: session_add :exec
INSERT INTO session (id, token_index, kind, who, project, way, opened_at, seen_at, ends_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8);

-- name: session_by_token :one
SELECT id, kind, who, project, way, opened_at, seen_at, ends_at FROM session WHERE token_index = $1;

-- name: session_seen :exec
UPDATE session SET seen_at = $2 WHERE id = $1;

-- name: session_close :exec
DELETE FROM session WHERE id = $1;

-- name: session_of :many
SELECT id FROM session WHERE kind = $1 AND who = $2;

-- name: session_over :many
SELECT id FROM session WHERE ends_at <= $1 OR (kind = 'staff' AND seen_at <= $2) OR (kind = 'applicant' AND seen_at <= $3)
ORDER BY id LIMIT $4;
