-- name: staff_add :exec
INSERT INTO staff (id, login, name, roles, password, disabled, created_at, version)
VALUES ($1, $2, $3, $4, $5, 0, $6, 1) ON CONFLICT (login) DO NOTHING;

-- name: staff_get :one
SELECT id, login, name, roles, disabled, created_at, version FROM staff WHERE id = $1;

-- name: staff_by_login :one
SELECT id, password, disabled FROM staff WHERE login = $1;

-- name: staff_list :many
SELECT id, login, name, roles, disabled, created_at, version FROM staff ORDER BY id LIMIT 10000;

-- name: staff_password :exec
UPDATE staff SET password = $2, version = version + 1 WHERE id = $1;

-- name: staff_disable :exec
UPDATE staff SET disabled = 1, version = version + 1 WHERE id = $1 AND disabled = 0;
