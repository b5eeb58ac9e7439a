-- name: task_add :exec
INSERT INTO task (id, order_id, kind, project, subject, role, note, opened_at, due_at, due_sort, provisional,
    claimed_by, claimed_name, lease_until, closed_at, open_key, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, '', 0, 0, $12, 1)
ON CONFLICT (open_key) DO NOTHING;

-- name: task_by_key :one
SELECT id FROM task WHERE open_key = $1;

-- name: task_get :one
SELECT id, order_id, kind, project, subject, role, note, opened_at, due_at, provisional, claimed_by, claimed_name,
    lease_until, version
FROM task WHERE id = $1 AND closed_at = 0;

-- name: task_of_order :many
SELECT id, role FROM task WHERE order_id = $1 AND closed_at = 0 AND ($2 = '' OR kind = $2);

-- name: task_close :exec
UPDATE task SET closed_at = $2, open_key = NULL, version = version + 1 WHERE id = $1 AND closed_at = 0;

-- name: task_claim :exec
UPDATE task SET claimed_by = $2, claimed_name = $3, lease_until = $4, version = version + 1
WHERE id = $1 AND closed_at = 0 AND (claimed_by = 0 OR claimed_by = $2 OR lease_until < $5);

-- name: task_release :exec
UPDATE task SET claimed_by = 0, claimed_name = '', lease_until = 0, version = version + 1
WHERE id = $1 AND closed_at = 0 AND claimed_by = $2;

-- name: task_list :many
SELECT id, order_id, kind, project, subject, role, note, opened_at, due_at, provisional, claimed_by, claimed_name,
    lease_until, version
FROM task
WHERE closed_at = 0 AND ($1 = '' OR role = $1) AND ($2 = '' OR project = $2) AND ($3 = '' OR kind = $3)
    AND (CAST($4 AS BIGINT) = 0 OR (claimed_by = $4 AND lease_until >= $5))
    AND (CAST($6 AS BIGINT) = 0 OR claimed_by = 0 OR lease_until < $5)
    AND (due_sort > $7 OR (due_sort = $7 AND id > $8))
ORDER BY due_sort, id LIMIT $9;

-- name: task_list_of_order :many
SELECT id, order_id, kind, project, subject, role, note, opened_at, due_at, provisional, claimed_by, claimed_name,
    lease_until, version
FROM task
WHERE order_id = $4 AND closed_at = 0 AND ($1 = '' OR role = $1) AND ($2 = '' OR project = $2) AND ($3 = '' OR kind = $3)
    AND (CAST($5 AS BIGINT) = 0 OR (claimed_by = $5 AND lease_until >= $6))
    AND (CAST($7 AS BIGINT) = 0 OR claimed_by = 0 OR lease_until < $6)
    AND (due_sort > $8 OR (due_sort = $8 AND id > $9))
ORDER BY due_sort, id LIMIT $10;

-- name: task_counts :many
SELECT role, kind, COUNT(*) AS open_n, COALESCE(SUM(CASE WHEN due_sort < $1 THEN 1 ELSE 0 END), 0) AS overdue_n
FROM task WHERE closed_at = 0 GROUP BY role, kind ORDER BY role, kind;

-- name: task_clock_start :exec
INSERT INTO task_clock (order_id, name, owner, started_at, due_at, provisional, paused_at, stopped_at, alarm_at)
VALUES ($1, $2, $3, $4, $5, $6, 0, 0, $7)
ON CONFLICT (order_id, name) DO UPDATE
SET owner = $3, started_at = $4, due_at = $5, provisional = $6, paused_at = 0, stopped_at = 0, alarm_at = $7;

-- name: task_clock_stop :exec
UPDATE task_clock SET stopped_at = $3 WHERE order_id = $1 AND name = $2 AND stopped_at = 0;

-- name: task_clock_pause :exec
UPDATE task_clock SET paused_at = $3 WHERE order_id = $1 AND name = $2 AND stopped_at = 0 AND paused_at = 0;

-- name: task_clock_resume :exec
UPDATE task_clock SET paused_at = 0, due_at = $3, provisional = $4, alarm_at = $5
WHERE order_id = $1 AND name = $2 AND stopped_at = 0 AND paused_at > 0;

-- name: task_clock_list :many
SELECT order_id, name, owner, started_at, due_at, provisional, paused_at, stopped_at, alarm_at
FROM task_clock WHERE order_id = $1 ORDER BY started_at, name;

-- name: task_clock_alarms :many
SELECT order_id, name, owner, started_at, due_at, provisional, paused_at, stopped_at, alarm_at
FROM task_clock WHERE alarm_at > 0 AND alarm_at <= $1 AND paused_at = 0 AND stopped_at = 0 ORDER BY alarm_at, order_id LIMIT $2;

-- name: task_clock_told :exec
UPDATE task_clock SET alarm_at = 0 WHERE order_id = $1 AND name = $2;
