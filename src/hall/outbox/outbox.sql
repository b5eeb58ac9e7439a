-- name: outbox_row_add :exec
INSERT INTO outbox_row (id, kind, order_id, idem, body, state, made_at, next_at, tries, lease_until, last_error, version)
VALUES ($1, $2, $3, $4, $5, 'waiting', $6, $7, 0, 0, '', 1)
ON CONFLICT (idem) DO NOTHING;

-- Due by $1, or later than anything is ever put off ($2) or leased ($3): the machine's clock was set back since.
-- name: outbox_row_due :many
SELECT id, version, next_at FROM (
    SELECT id, version, next_at FROM outbox_row
    WHERE state = 'waiting' AND next_at <= $1 AND (lease_until < $1 OR lease_until > $3)
    ORDER BY next_at, id LIMIT 8) AS x
UNION ALL
SELECT id, version, next_at FROM (
    SELECT id, version, next_at FROM outbox_row
    WHERE state = 'waiting' AND next_at > $2 AND (lease_until < $1 OR lease_until > $3)
    ORDER BY next_at, id LIMIT 8) AS x
ORDER BY next_at, id LIMIT 8;

-- name: outbox_row_lease :exec
UPDATE outbox_row SET lease_until = $3, version = version + 1
WHERE id = $1 AND version = $2 AND state = 'waiting';

-- name: outbox_row_renew :exec
UPDATE outbox_row SET lease_until = $3 WHERE id = $1 AND version = $2 AND state = 'waiting';

-- name: outbox_row_get :one
SELECT id, kind, order_id, idem, body, made_at, tries, version FROM outbox_row WHERE id = $1;

-- name: outbox_row_done :exec
UPDATE outbox_row SET state = 'done', body = x'', tries = tries + 1, lease_until = 0, last_error = '', version = version + 1
WHERE id = $1 AND version = $2 AND state = 'waiting';

-- name: outbox_row_drop :exec
DELETE FROM outbox_row WHERE id = $1 AND version = $2 AND state = 'waiting';

-- name: outbox_row_later :exec
UPDATE outbox_row SET next_at = $3, tries = tries + 1, lease_until = 0, last_error = $4, version = version + 1
WHERE id = $1 AND version = $2 AND state = 'waiting';

-- name: outbox_row_give_up :exec
UPDATE outbox_row SET state = 'dead', tries = tries + 1, lease_until = 0, last_error = $3, version = version + 1
WHERE id = $1 AND version = $2 AND state = 'waiting';

-- name: outbox_row_again :exec
UPDATE outbox_row SET state = 'waiting', next_at = $2, made_at = $2, tries = 0, version = version + 1
WHERE id = $1 AND state = 'dead' AND body <> x'';

-- name: outbox_row_again_idem :exec
UPDATE outbox_row SET state = 'waiting', next_at = $2, made_at = $2, tries = 0, version = version + 1
WHERE idem = $1 AND state = 'dead' AND body <> x'';

-- name: outbox_row_erase :exec
UPDATE outbox_row SET body = x'', version = version + 1 WHERE order_id = $1 AND state = 'dead';

-- name: outbox_row_of_order :many
SELECT id, kind, order_id, state, made_at, next_at, tries, last_error FROM outbox_row
WHERE order_id = $1 AND ($2 = '' OR kind = $2) ORDER BY id DESC LIMIT 200;

-- name: outbox_row_dead :many
SELECT id, kind, order_id, state, made_at, next_at, tries, last_error FROM outbox_row
WHERE state = 'dead' ORDER BY id DESC LIMIT $1;
