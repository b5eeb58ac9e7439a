-- name: job_add :exec
INSERT INTO job (id, version, kind, state, browser, account_id, staff_id, staff_name, staff_role, project, order_id, serial,
    sms_id, step, data, progress, agent, problem, waits_for_ca, result, made_at, ticket, ticket_until, code, code_until, ends_at,
    agent_key, seal_key, last_time, nonce, finish_until, finish_tries)
VALUES ($1, 1, $2, 'waiting', $3, $4, $5, $6, $7, $8, $9, $10, $11, '', '{}', '', '', '', 0, '', $12, $13, $14, $15, $16, $17,
    $18, $18, 0, $19, 0, 0);

-- name: job_get :one
SELECT id, version, kind, state, browser, account_id, staff_id, staff_name, staff_role, project, order_id, serial, sms_id, step,
    data, progress, agent, problem, waits_for_ca, result, made_at, ticket_until, code_until, ends_at, agent_key, seal_key,
    last_time, nonce, finish_until, finish_tries
FROM job WHERE id = $1;

-- name: job_by_ticket :many
SELECT id FROM job WHERE ticket = $1 AND ticket_until >= $2 AND state = 'waiting' AND ends_at >= $2;

-- name: job_by_code :many
SELECT id FROM job WHERE code = $1 AND code_until >= $2 AND state = 'waiting' AND ends_at >= $2;

-- name: job_of_order :many
SELECT id FROM job WHERE order_id = $1 AND order_id > 0 AND kind = $2 ORDER BY id DESC LIMIT 1;

-- name: job_of_browser :many
SELECT id FROM job WHERE browser = $1 AND kind = $2 AND state = 'waiting';

-- name: job_put :exec
UPDATE job SET version = version + 1, state = $3, serial = $4, step = $5, data = $6, progress = $7, problem = $8, waits_for_ca = $9,
    result = $10, ends_at = $11, finish_until = $12, finish_tries = $13
WHERE id = $1 AND version = $2;

-- name: job_set_ticket :exec
UPDATE job SET version = version + 1, ticket = $3, ticket_until = $4, code = $5, code_until = $6, agent_key = $7, seal_key = $7,
    last_time = 0, nonce = $8
WHERE id = $1 AND version = $2;

-- name: job_bind :exec
UPDATE job SET version = version + 1, ticket = NULL, code = NULL, agent_key = $3, seal_key = $4, agent = $5, last_time = 0
WHERE id = $1 AND version = $2;

-- name: job_kill_ticket :exec
UPDATE job SET ticket = NULL, code = NULL WHERE id = $1;

-- name: job_take_time :exec
UPDATE job SET last_time = $2 WHERE id = $1 AND last_time < $2;

-- name: job_prune :exec
DELETE FROM job WHERE ends_at < $1;

-- name: job_sms_add :exec
INSERT INTO job_sms (id, browser, account_id, serial, sent_at, tries_left, verified_at, job_id)
VALUES ($1, $2, $3, $4, $5, $6, 0, 0);

-- name: job_sms_get :one
SELECT id, browser, account_id, serial, sent_at, tries_left, verified_at, job_id FROM job_sms WHERE id = $1;

-- name: job_sms_verified :exec
UPDATE job_sms SET verified_at = $2 WHERE id = $1 AND verified_at = 0;

-- name: job_sms_tries :exec
UPDATE job_sms SET tries_left = $2 WHERE id = $1;

-- name: job_sms_use :exec
UPDATE job_sms SET job_id = $2 WHERE id = $1 AND job_id = 0 AND verified_at >= $3;

-- name: job_sms_prune :exec
DELETE FROM job_sms WHERE sent_at < $1;
