-- name: form_section_add :exec
INSERT INTO form_section (order_id, section, rev, saved_at, typed, original) VALUES ($1, $2, 0, 0, $3, $4);

-- name: form_section_all :many
SELECT section, rev, saved_at, typed, original FROM form_section WHERE order_id = $1;

-- name: form_section_save :exec
UPDATE form_section SET rev = rev + 1, saved_at = $4, typed = $5 WHERE order_id = $1 AND section = $2 AND rev = $3;

-- name: form_section_correct :exec
UPDATE form_section SET rev = rev + 1, typed = $3, original = $4 WHERE order_id = $1 AND section = $2;

-- name: form_section_erase :exec
DELETE FROM form_section WHERE order_id = $1;

-- name: form_revision_add :exec
INSERT INTO form_revision (order_id, revision, made_at, content) VALUES ($1, $2, $3, $4);

-- name: form_revision_get :one
SELECT made_at, content FROM form_revision WHERE order_id = $1 AND revision = $2;

-- name: form_revision_erase :exec
DELETE FROM form_revision WHERE order_id = $1;
