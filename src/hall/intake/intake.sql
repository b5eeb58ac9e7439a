-- name: intake_regulator_set :exec
INSERT INTO intake_regulator (project, certificate, entered_at) VALUES ($1, $2, $3)
ON CONFLICT (project) DO UPDATE SET certificate = $2, entered_at = $3;

-- name: intake_regulator_get :one
SELECT certificate, entered_at FROM intake_regulator WHERE project = $1;

-- name: intake_batch_add :exec
INSERT INTO intake_batch (id, project, batch, name, by_name, signer, at, row_n, added, corrected, withdrawn, ca_state, encoding)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'waiting', $12);

-- name: intake_batch_get :one
SELECT id, project, batch, name, by_name, signer, at, row_n, added, corrected, withdrawn, ca_state FROM intake_batch
WHERE project = $1 AND batch = $2;

-- name: intake_batch_by_id :one
SELECT project, batch, ca_state FROM intake_batch WHERE id = $1;

-- name: intake_batch_list :many
SELECT id, project, batch, name, by_name, at, row_n, added, corrected, withdrawn, ca_state FROM intake_batch
WHERE project = $1 AND (CAST($2 AS BIGINT) = 0 OR id < $2) ORDER BY id DESC LIMIT $3;

-- name: intake_batch_of_ca :many
SELECT id, project FROM intake_batch WHERE batch = $1;

-- name: intake_batch_answered :exec
UPDATE intake_batch SET ca_state = $2 WHERE id = $1;

-- name: intake_row_add :exec
INSERT INTO intake_row (id, batch_id, number, account, action, institution_name, reporting_code, user_name, uscc, hash, place)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);

-- name: intake_row_of_account :one
SELECT b.batch, r.number, r.institution_name, r.reporting_code, r.user_name
FROM intake_row r JOIN intake_batch b ON b.id = r.batch_id
WHERE r.account = $1 AND r.action <> 'withdraw' ORDER BY r.id DESC LIMIT 1;

-- name: intake_override_add :exec
INSERT INTO intake_override (batch_id, number, column_name, problem, reason) VALUES ($1, $2, $3, $4, $5);
