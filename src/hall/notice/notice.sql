-- name: notice_add :exec
INSERT INTO notice (id, project, title_zh, text_zh, title_en, text_en, from_at, until_at, important, withdrawn)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0);

-- name: notice_withdraw :one
UPDATE notice SET withdrawn = 1 WHERE id = $1 AND withdrawn = 0 RETURNING project;

-- name: notice_list :many
SELECT id, title_zh, text_zh, title_en, text_en, from_at, until_at, important FROM notice
WHERE project = $1 AND withdrawn = 0 AND from_at <= $2 AND (until_at = 0 OR until_at > $2)
ORDER BY from_at DESC, id DESC LIMIT 100;
