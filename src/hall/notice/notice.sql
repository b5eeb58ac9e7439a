-- name: notice_add :exec
INSERT INTO notice (id, project, title_zh, text_zh, title_en, text_en, from_at, until_at, important, withdrawn, kind)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10);

-- name: notice_change :one
UPDATE notice SET title_zh = $2, text_zh = $3, title_en = $4, text_en = $5, from_at = $6, until_at = $7, important = $8, kind = $9
WHERE id = $1 AND withdrawn = 0 RETURNING project;

-- name: notice_get :one
SELECT id, project, kind, title_zh, text_zh, title_en, text_en, from_at, until_at FROM notice WHERE id = $1 AND withdrawn = 0;

-- name: notice_withdraw :one
UPDATE notice SET withdrawn = 1 WHERE id = $1 AND withdrawn = 0 RETURNING project;

-- name: notice_list :many
SELECT id, project, kind, title_zh, text_zh, title_en, text_en, from_at, until_at FROM notice
WHERE project = $1 AND withdrawn = 0 AND from_at <= $2 AND (until_at = 0 OR until_at > $3)
ORDER BY from_at DESC, id DESC LIMIT 1000;
