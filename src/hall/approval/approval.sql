-- name: approval_add :exec
INSERT INTO approval (id, version, kind, object, order_id, reason_code, reason, held, asked_by, asked_at, asked_name,
    asked_role, state, decided_by, decided_at, decided_name, decided_role, note, waiting_key)
VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'waiting', 0, 0, '', '', '', $12);

-- name: approval_get :one
SELECT id, version, kind, object, order_id, reason_code, reason, held, asked_by, asked_at, asked_name, asked_role, state,
    decided_by, decided_at, decided_name, decided_role, note
FROM approval WHERE id = $1;

-- name: approval_waiting :one
SELECT id, version, kind, object, order_id, reason_code, reason, held, asked_by, asked_at, asked_name, asked_role, state,
    decided_by, decided_at, decided_name, decided_role, note
FROM approval WHERE waiting_key = $1;

-- name: approval_decide :exec
UPDATE approval SET version = version + 1, state = $3, decided_by = $4, decided_at = $5, decided_name = $6, decided_role = $7,
    note = $8, waiting_key = NULL
WHERE id = $1 AND version = $2 AND state = 'waiting';
