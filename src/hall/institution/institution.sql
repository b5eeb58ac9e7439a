-- name: institution_add :exec
INSERT INTO institution (id, uscc, name, created_at, version) VALUES ($1, $2, $3, $4, 1) ON CONFLICT (uscc) DO NOTHING;

-- name: institution_get :one
SELECT id, uscc, name, created_at, version FROM institution WHERE id = $1;

-- name: institution_by_uscc :one
SELECT id, uscc, name, created_at, version FROM institution WHERE uscc = $1;

-- name: institution_rename :exec
UPDATE institution SET name = $3, version = version + 1 WHERE id = $1 AND version = $2;

-- name: institution_name_add :exec
INSERT INTO institution_name (id, institution, name, source, from_at) VALUES ($1, $2, $3, $4, $5);

-- name: institution_name_list :many
SELECT name, source, from_at FROM institution_name WHERE institution = $1 ORDER BY id DESC LIMIT 200;

-- name: institution_search :many
SELECT i.id, i.uscc, i.name, i.created_at, i.version FROM institution i
WHERE i.uscc LIKE $2 ESCAPE '!'
    OR EXISTS (SELECT 1 FROM institution_name n WHERE n.institution = i.id AND n.name LIKE $1 ESCAPE '!')
ORDER BY i.id LIMIT $3;
