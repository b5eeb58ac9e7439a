-- name: contract_add :exec
INSERT INTO thing (id, name, content, amount) VALUES ($1, $2, $3, $4);

-- name: contract_get :one
SELECT id, version, name, content, amount, mark FROM thing WHERE id = $1;

-- name: contract_by_name :many
SELECT t.id, name AS "the name" FROM thing t WHERE name >= $1 ORDER BY name;

-- name: contract_like :many
SELECT id FROM thing WHERE name LIKE $1 ORDER BY id;

-- name: contract_any :one
SELECT id FROM thing;

-- name: contract_count :one
SELECT count(*) AS n, sum(amount) AS total, max(id) > 1 AS more, 7 AS seven FROM thing;

-- name: contract_update :exec
UPDATE thing SET amount = $3, version = version + 1 WHERE id = $1 AND version = $2;

-- name: contract_bump :exec
UPDATE thing SET amount = amount + CAST($2 AS BIGINT) WHERE id = $1;

-- name: contract_filter :many
SELECT id FROM thing WHERE (CAST($1 AS BIGINT) IS NULL OR amount = $1) ORDER BY id LIMIT $2;

-- name: contract_part_add :one
INSERT INTO part (thing, label) VALUES ($1, $2) RETURNING seq, label;

-- name: contract_part_delete :exec
DELETE FROM part WHERE seq = $1;

-- name: contract_backend :one @sqlite
SELECT 0 AS pid;

-- name: contract_backend :one @postgres
SELECT pg_backend_pid() AS pid;

-- name: contract_share :many
SELECT id, 100 / amount AS share FROM thing ORDER BY id;
