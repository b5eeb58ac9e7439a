-- name: event_add :exec
INSERT INTO event (id, at, topic) VALUES ($1, $2, $3);

-- name: event_since :many
SELECT id, topic FROM event WHERE at >= $1 ORDER BY id;

-- name: event_prune :exec
DELETE FROM event WHERE at < $1;
