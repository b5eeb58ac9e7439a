-- name: payment_open :exec
INSERT INTO payment (order_id, amount_fen, free_rule, price_until, method, subject, page_until, asked_at)
VALUES ($1, $2, $3, $4, '', '', 0, 0)
ON CONFLICT (order_id) DO UPDATE SET amount_fen = $2, free_rule = $3, price_until = $4;

-- name: payment_get :one
SELECT order_id, amount_fen, free_rule, price_until, method, subject, page_until, asked_at,
    ask_at, watch_until, answered_at, attempt, waiting_since
FROM payment WHERE order_id = $1;

-- name: payment_page :exec
UPDATE payment SET method = $2, subject = $3, page_until = $4, ask_at = $4, watch_until = $5, attempt = $6,
    waiting_since = 0
WHERE order_id = $1;

-- name: payment_page_close :exec
UPDATE payment SET page_until = 0, ask_at = $2 WHERE order_id = $1;

-- name: payment_page_used :exec
UPDATE payment SET page_until = 0, ask_at = 0, watch_until = 0 WHERE order_id = $1;

-- Asked long enough ago ($3), or, by a clock that was set back since, later than $4.
-- name: payment_ask_claim :exec
UPDATE payment SET asked_at = $2 WHERE order_id = $1 AND (asked_at <= $3 OR asked_at > $4);

-- name: payment_asked :exec
UPDATE payment SET asked_at = $2, ask_at = $3 WHERE order_id = $1;

-- name: payment_answered :exec
UPDATE payment SET answered_at = $2, waiting_since = 0 WHERE order_id = $1;

-- name: payment_waiting :exec
UPDATE payment SET waiting_since = $2 WHERE order_id = $1;

-- name: payment_to_ask :many
SELECT order_id FROM payment WHERE ask_at > 0 AND ask_at <= $1 ORDER BY ask_at, order_id LIMIT $2;

-- name: payment_money_add :exec
INSERT INTO payment_money (order_id, method, trade_no, amount_fen, at, purpose, refund_no, refund_state, attempt)
VALUES ($1, $2, $3, $4, $5, $6, '', 'none', $7)
ON CONFLICT (method, trade_no) DO NOTHING;

-- name: payment_money_by_trade :one
SELECT id, order_id, method, trade_no, amount_fen, at, purpose, refund_no, refund_state, attempt
FROM payment_money WHERE method = $1 AND trade_no = $2;

-- name: payment_money_any_trade :many
SELECT id, order_id FROM payment_money WHERE trade_no = $1 LIMIT 2;

-- name: payment_money_get :one
SELECT id, order_id, method, trade_no, amount_fen, at, purpose, refund_no, refund_state, attempt
FROM payment_money WHERE id = $1;

-- name: payment_money_of_order :many
SELECT id, order_id, method, trade_no, amount_fen, at, purpose, refund_no, refund_state, attempt
FROM payment_money WHERE order_id = $1 ORDER BY id;

-- name: payment_money_page :many
SELECT id, order_id, method, trade_no, amount_fen, at, purpose, refund_no, refund_state, attempt
FROM payment_money WHERE id < $1 ORDER BY id DESC LIMIT $2;

-- name: payment_money_allocate :exec
UPDATE payment_money SET purpose = 'payment' WHERE id = $1 AND purpose = 'suspense' AND refund_state = 'none';

-- name: payment_money_refund :exec
UPDATE payment_money SET refund_no = $2, refund_state = $3 WHERE id = $1 AND refund_state <> 'done';

-- name: payment_exception_add :exec
INSERT INTO payment_exception (order_id, money_id, kind, detail, at) VALUES ($1, $2, $3, $4, $5);

-- name: payment_exception_of_order :many
SELECT id, order_id, money_id, kind, detail, at FROM payment_exception WHERE order_id = $1 ORDER BY id;

-- name: payment_exception_page :many
SELECT id, order_id, money_id, kind, detail, at FROM payment_exception WHERE id < $1 ORDER BY id DESC LIMIT $2;

-- name: payment_exception_count :one
SELECT COUNT(*) AS n FROM payment_exception;

-- name: payment_ledger_add :exec
INSERT INTO payment_ledger (key, at, order_id, debit, credit, amount_fen, what)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (key) DO NOTHING;

-- name: payment_ledger_page :many
SELECT id, at, order_id, debit, credit, amount_fen, what FROM payment_ledger
WHERE id < $1 AND at >= $3 AND at < $4 ORDER BY id DESC LIMIT $2;

-- name: payment_ledger_debits :many
SELECT debit AS account, CAST(SUM(amount_fen) AS BIGINT) AS fen FROM payment_ledger
WHERE at >= $1 AND at < $2 GROUP BY debit ORDER BY debit;

-- name: payment_ledger_credits :many
SELECT credit AS account, CAST(SUM(amount_fen) AS BIGINT) AS fen FROM payment_ledger
WHERE at >= $1 AND at < $2 GROUP BY credit ORDER BY credit;

-- name: payment_ledger_order :many
SELECT id, at, order_id, debit, credit, amount_fen, what FROM payment_ledger WHERE order_id = $1 ORDER BY id;
