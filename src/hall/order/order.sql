-- name: order_get :one
SELECT id, version, project, profile, type, account_id, institution_id, institution_name, name_changed,
    application, payment, invoice, fulfilment, papers, passed, grp, holds_limit, amount_fen, fee_rule, price_until,
    in_place, revision, agreement, created_at, updated_at, submitted_at, paid_at, ended_at, kept_until
FROM orders WHERE id = $1;

-- name: order_open_of :many
SELECT id, version, project, profile, type, account_id, institution_id, institution_name, name_changed,
    application, payment, invoice, fulfilment, papers, passed, grp, holds_limit, amount_fen, fee_rule, price_until,
    in_place, revision, agreement, created_at, updated_at, submitted_at, paid_at, ended_at, kept_until
FROM orders WHERE account_id = $1 AND project = $2 AND is_open = 1 ORDER BY id;

-- name: order_holding :one
SELECT COUNT(*) AS n FROM orders WHERE account_id = $1 AND project = $2 AND holds_limit = 1 AND is_open = 0;

-- name: order_holding_org :one
SELECT COUNT(*) AS n FROM orders WHERE institution_id = $1 AND project = $2 AND holds_limit = 1 AND id <> $3;

-- name: order_add :exec
INSERT INTO orders (id, version, project, profile, type, account_id, institution_id, institution_name, name_changed,
    application, payment, invoice, fulfilment, papers, passed, grp, is_open, holds_limit, amount_fen, fee_rule, price_until,
    in_place, revision, agreement, agreement_hash, created_at, updated_at, submitted_at, paid_at, ended_at, kept_until)
VALUES ($1, 1, $2, $3, $4, $5, $6, $7, 0, 'NONE', 'NONE', 'NONE', 'NONE', '', 0, 'yours', 1, 0, 0, '', 0, 0, 0, '', x'00', $8, $8, 0, 0, 0, 0);

-- name: order_change :exec
UPDATE orders SET version = version + 1, institution_name = $3, name_changed = $4, application = $5, payment = $6,
    invoice = $7, fulfilment = $8, papers = $9, passed = $10, grp = $11, is_open = $12, holds_limit = $13,
    amount_fen = $14, fee_rule = $15, price_until = $16, in_place = $17, revision = $18, agreement = $19,
    updated_at = $20, submitted_at = $21, paid_at = $22, ended_at = $23, kept_until = $24, type = $25
WHERE id = $1 AND version = $2;

-- name: order_lock :exec
UPDATE orders SET version = version WHERE id = $1;

-- name: order_agreement :exec
UPDATE orders SET agreement_hash = $2 WHERE id = $1;

-- name: order_list :many
SELECT id, version, project, profile, type, account_id, institution_id, institution_name, name_changed,
    application, payment, invoice, fulfilment, papers, passed, grp, holds_limit, amount_fen, fee_rule, price_until,
    in_place, revision, agreement, created_at, updated_at, submitted_at, paid_at, ended_at, kept_until
FROM orders
WHERE (CAST($1 AS BIGINT) = 0 OR account_id = $1) AND (CAST($2 AS BIGINT) = 0 OR institution_id = $2)
    AND ($3 = '' OR grp = $3) AND ($4 = '' OR project = $4)
    AND ($5 = '' OR CAST(id AS TEXT) LIKE $5 || '%' OR institution_name LIKE '%' || $6 || '%' ESCAPE '\')
    AND (CAST($7 AS BIGINT) = 0 OR id < $7)
ORDER BY id DESC LIMIT $8;

-- name: order_list_of :many
SELECT id, version, project, profile, type, account_id, institution_id, institution_name, name_changed,
    application, payment, invoice, fulfilment, papers, passed, grp, holds_limit, amount_fen, fee_rule, price_until,
    in_place, revision, agreement, created_at, updated_at, submitted_at, paid_at, ended_at, kept_until
FROM orders WHERE account_id = $1 AND (CAST($2 AS BIGINT) = 0 OR id < $2) ORDER BY id DESC LIMIT $3;

-- name: order_list_of_group :many
SELECT id, version, project, profile, type, account_id, institution_id, institution_name, name_changed,
    application, payment, invoice, fulfilment, papers, passed, grp, holds_limit, amount_fen, fee_rule, price_until,
    in_place, revision, agreement, created_at, updated_at, submitted_at, paid_at, ended_at, kept_until
FROM orders WHERE account_id = $1 AND grp = $2 AND (CAST($3 AS BIGINT) = 0 OR id < $3) ORDER BY id DESC LIMIT $4;

-- name: order_list_of_like :many
SELECT id, version, project, profile, type, account_id, institution_id, institution_name, name_changed,
    application, payment, invoice, fulfilment, papers, passed, grp, holds_limit, amount_fen, fee_rule, price_until,
    in_place, revision, agreement, created_at, updated_at, submitted_at, paid_at, ended_at, kept_until
FROM orders WHERE account_id = $1 AND ($2 = '' OR grp = $2)
    AND (CAST(id AS TEXT) LIKE $3 || '%' OR institution_name LIKE '%' || $4 || '%' ESCAPE '\')
    AND (CAST($5 AS BIGINT) = 0 OR id < $5)
ORDER BY id DESC LIMIT $6;

-- name: order_list_numbered :many
SELECT id, version, project, profile, type, account_id, institution_id, institution_name, name_changed,
    application, payment, invoice, fulfilment, papers, passed, grp, holds_limit, amount_fen, fee_rule, price_until,
    in_place, revision, agreement, created_at, updated_at, submitted_at, paid_at, ended_at, kept_until
FROM orders WHERE id >= $1 AND id <= $2 AND ($3 = '' OR grp = $3) AND ($4 = '' OR project = $4)
    AND (CAST($5 AS BIGINT) = 0 OR institution_id = $5)
ORDER BY id DESC LIMIT $6;

-- name: order_count :many
SELECT grp, COUNT(*) AS n FROM orders WHERE account_id = $1 GROUP BY grp;

-- name: order_log_add :exec
INSERT INTO order_log (id, order_id, at, flow_row, event, actor_kind, actor_id, who, what)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: order_log_by :one
SELECT COUNT(*) AS n FROM order_log WHERE order_id = $1 AND event = $2 AND actor_kind = $3 AND actor_id = $4;

-- name: order_log_list :many
SELECT id, at, flow_row, event, actor_kind, who, what FROM order_log
WHERE order_id = $1 AND (CAST($2 AS BIGINT) = 0 OR id < $2) ORDER BY id DESC LIMIT $3;

-- name: order_log_first :many
SELECT event, MIN(at) AS at FROM order_log WHERE order_id = $1 GROUP BY event;

-- name: order_timer_set :exec
INSERT INTO order_timer (order_id, name, event, due_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (order_id, name) DO UPDATE SET event = $3, due_at = $4;

-- name: order_timer_drop :exec
DELETE FROM order_timer WHERE order_id = $1 AND name = $2;

-- name: order_timer_drop_due :exec
DELETE FROM order_timer WHERE order_id = $1 AND name = $2 AND due_at = $3;

-- name: order_timer_due :many
SELECT order_id, name, event, due_at FROM order_timer WHERE due_at <= $1 ORDER BY due_at, order_id LIMIT $2;

-- name: order_kept :many
SELECT id FROM orders WHERE erased_at = 0 AND ended_at > 0 AND ended_at <= $1 AND grp = 'ended' AND id > $2 ORDER BY id LIMIT $3;

-- name: order_kept_of :one
SELECT COUNT(*) AS n FROM orders WHERE account_id = $1 AND erased_at = 0;

-- Without a revision the form is read as it stands, which is empty.
-- name: order_erased :exec
UPDATE orders SET erased_at = $2, revision = 0, version = version + 1 WHERE id = $1;

-- name: order_drafts_due :many
SELECT id FROM orders WHERE kept_until > 0 AND kept_until <= $1 ORDER BY kept_until LIMIT $2;

-- name: order_message_add :exec
INSERT INTO order_message (id, account_id, order_id, at, title_zh, title_en, text_zh, text_en, seen)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0);

-- name: order_message_list :many
SELECT id, order_id, at, title_zh, title_en, text_zh, text_en, seen FROM order_message
WHERE account_id = $1 AND (CAST($2 AS BIGINT) = 0 OR id < $2) ORDER BY id DESC LIMIT $3;

-- name: order_message_unread :one
SELECT COUNT(*) AS n FROM order_message WHERE account_id = $1 AND seen = 0;

-- name: order_message_seen :exec
UPDATE order_message SET seen = 1 WHERE account_id = $1 AND id <= $2 AND seen = 0;

-- name: order_all_of :many
SELECT id, version, project, profile, type, account_id, institution_id, institution_name, name_changed,
    application, payment, invoice, fulfilment, papers, passed, grp, holds_limit, amount_fen, fee_rule, price_until,
    in_place, revision, agreement, created_at, updated_at, submitted_at, paid_at, ended_at, kept_until
FROM orders WHERE account_id = $1 ORDER BY id DESC;
