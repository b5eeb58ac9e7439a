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

-- name: institution_part_add :exec
INSERT INTO institution_part (part, institution)
WITH RECURSIVE place (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM place WHERE i < LENGTH(CAST($2 AS TEXT)))
SELECT DISTINCT SUBSTR(CAST($2 AS TEXT), i, 2), CAST($1 AS BIGINT) FROM place WHERE i > 0
ON CONFLICT (part, institution) DO NOTHING;

-- name: institution_part_count :one
SELECT COUNT(*) AS n FROM (SELECT 1 AS one FROM institution_part WHERE part >= $1 AND part < $2 LIMIT $3) x;

-- name: institution_search_rare :many
SELECT i.id, i.uscc, i.name, i.created_at, i.version FROM institution i
WHERE i.id IN (SELECT p.institution FROM institution_part p WHERE p.part >= $1 AND p.part < $2)
    AND EXISTS (SELECT 1 FROM institution_name n WHERE n.institution = i.id AND n.name LIKE $3 ESCAPE '!')
ORDER BY i.id LIMIT $4;

-- name: institution_search_common :many
SELECT i.id, i.uscc, i.name, i.created_at, i.version FROM institution i
WHERE EXISTS (SELECT 1 FROM institution_name n WHERE n.institution = i.id AND n.name LIKE $1 ESCAPE '!')
ORDER BY i.id LIMIT $2;

-- name: institution_search_code :many
SELECT i.id, i.uscc, i.name, i.created_at, i.version FROM institution i
WHERE i.uscc >= $1 AND i.uscc < $2 ORDER BY i.uscc LIMIT $3;
