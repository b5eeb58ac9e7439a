-- name: production_add :exec
INSERT INTO production (order_id, version, project, state, queued_at, made_at, maker, maker_name, quality_at, quality_who,
    quality_passed, quality_reason, waits_for_ca)
VALUES ($1, 1, $2, 'queued', $3, 0, 0, '', 0, '', 0, '', 0)
ON CONFLICT (order_id) DO UPDATE SET state = 'queued', version = production.version + 1, queued_at = $3, made_at = 0, waits_for_ca = 0;

-- name: production_get :one
SELECT order_id, version, project, state, queued_at, made_at, maker, maker_name, quality_at, quality_who, quality_passed,
    quality_reason, waits_for_ca
FROM production WHERE order_id = $1;

-- name: production_set_state :exec
UPDATE production SET state = $2, version = version + 1 WHERE order_id = $1;

-- name: production_set_made :exec
UPDATE production SET state = 'made', made_at = $2, maker = $3, maker_name = $4, waits_for_ca = 0, version = version + 1
WHERE order_id = $1;

-- name: production_set_quality :exec
UPDATE production SET state = $2, quality_at = $3, quality_who = $4, quality_passed = $5, quality_reason = $6,
    version = version + 1
WHERE order_id = $1;

-- name: production_set_waits :exec
UPDATE production SET waits_for_ca = $2, version = version + 1 WHERE order_id = $1 AND waits_for_ca <> $2;

-- name: production_numbers :one
SELECT (SELECT COUNT(*) FROM production WHERE made_at >= $1 AND made_at > 0) AS made_n,
    (SELECT COUNT(*) FROM production WHERE state = 'queued') AS waiting_n;

-- name: production_step_put :exec
INSERT INTO production_step (order_id, step, at, note) VALUES ($1, $2, $3, $4)
ON CONFLICT (order_id, step) DO UPDATE SET at = $3, note = $4;

-- name: production_step_list :many
SELECT step, at, note FROM production_step WHERE order_id = $1 ORDER BY step;

-- name: production_step_clear :exec
DELETE FROM production_step WHERE order_id = $1;
