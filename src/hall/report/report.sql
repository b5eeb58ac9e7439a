-- name: report_work_open :many
SELECT t.id, t.order_id, t.kind, COALESCE(NULLIF(t.project, ''), o.project, '') AS project, t.subject, t.role, t.opened_at, t.due_at, t.due_sort AS sort_key, t.provisional,
    t.claimed_by, t.claimed_name, t.lease_until, COALESCE(o.institution_name, '') AS institution,
    COALESCE(o.type, '') AS type, COALESCE(o.name_changed, 0) AS name_changed, COALESCE(p.waits_for_ca, 0) AS waits_for_ca,
    COALESCE(a.asked_by, 0) AS asked_by
FROM task t LEFT JOIN orders o ON o.id = t.order_id LEFT JOIN production p ON p.order_id = t.order_id
    LEFT JOIN approval a ON a.id = CASE WHEN t.kind = 'approval' THEN CAST(SUBSTR(t.subject, 10) AS BIGINT) ELSE 0 END
WHERE t.closed_at = 0 AND ($1 LIKE '% ' || t.role || ' %' OR $1 LIKE '% ' || t.role || '/' || t.kind || ' %')
    AND ($2 = '' OR t.kind = $2 OR ($2 = 'support' AND t.kind NOT IN ('name_change', 'review', 'produce', 'quality', 'ship',
        'payment', 'invoice', 'revoke_proposal', 'approval')))
    AND ($3 = '' OR o.type = $3) AND ($4 = '' OR t.project = $4)
    AND ($5 = '' OR CAST(t.order_id AS TEXT) LIKE $5 || '%' ESCAPE '!' OR o.institution_name LIKE '%' || $5 || '%' ESCAPE '!')
    AND (CAST($6 AS BIGINT) = 0 OR (t.claimed_by = $6 AND t.lease_until >= $7))
    AND (CAST($8 AS BIGINT) = 0 OR t.claimed_by = 0 OR t.lease_until < $7)
    AND (CAST($10 AS BIGINT) = 0 OR t.due_sort > $9 OR (t.due_sort = $9 AND t.id > $10))
ORDER BY t.due_sort, t.id LIMIT $11;

-- name: report_work_done :many
SELECT t.id, t.order_id, t.kind, COALESCE(NULLIF(t.project, ''), o.project, '') AS project, t.subject, t.role, t.opened_at, t.due_at, t.closed_at AS sort_key, t.provisional,
    t.claimed_by, t.claimed_name, t.lease_until, COALESCE(o.institution_name, '') AS institution,
    COALESCE(o.type, '') AS type, COALESCE(o.name_changed, 0) AS name_changed, COALESCE(p.waits_for_ca, 0) AS waits_for_ca,
    COALESCE(a.asked_by, 0) AS asked_by
FROM task t LEFT JOIN orders o ON o.id = t.order_id LEFT JOIN production p ON p.order_id = t.order_id
    LEFT JOIN approval a ON a.id = CASE WHEN t.kind = 'approval' THEN CAST(SUBSTR(t.subject, 10) AS BIGINT) ELSE 0 END
WHERE t.closed_at >= $6 AND t.closed_at > 0 AND ($1 LIKE '% ' || t.role || ' %' OR $1 LIKE '% ' || t.role || '/' || t.kind || ' %')
    AND ($2 = '' OR t.kind = $2 OR ($2 = 'support' AND t.kind NOT IN ('name_change', 'review', 'produce', 'quality', 'ship',
        'payment', 'invoice', 'revoke_proposal', 'approval')))
    AND ($3 = '' OR o.type = $3) AND ($4 = '' OR t.project = $4)
    AND ($5 = '' OR CAST(t.order_id AS TEXT) LIKE $5 || '%' ESCAPE '!' OR o.institution_name LIKE '%' || $5 || '%' ESCAPE '!')
    AND (CAST($8 AS BIGINT) = 0 OR t.closed_at < $7 OR (t.closed_at = $7 AND t.id < $8))
ORDER BY t.closed_at DESC, t.id DESC LIMIT $9;

-- name: report_work_get :one
SELECT t.id, t.order_id, t.kind, COALESCE(NULLIF(t.project, ''), o.project, '') AS project, t.subject, t.role, t.opened_at, t.due_at, t.due_sort AS sort_key, t.provisional,
    t.claimed_by, t.claimed_name, t.lease_until, COALESCE(o.institution_name, '') AS institution,
    COALESCE(o.type, '') AS type, COALESCE(o.name_changed, 0) AS name_changed, COALESCE(p.waits_for_ca, 0) AS waits_for_ca,
    COALESCE(a.asked_by, 0) AS asked_by
FROM task t LEFT JOIN orders o ON o.id = t.order_id LEFT JOIN production p ON p.order_id = t.order_id
    LEFT JOIN approval a ON a.id = CASE WHEN t.kind = 'approval' THEN CAST(SUBSTR(t.subject, 10) AS BIGINT) ELSE 0 END
WHERE t.id = $1 AND t.closed_at = 0;

-- name: report_work_of_order :many
SELECT t.id, t.order_id, t.kind, COALESCE(NULLIF(t.project, ''), o.project, '') AS project, t.subject, t.role, t.opened_at, t.due_at, t.due_sort AS sort_key, t.provisional,
    t.claimed_by, t.claimed_name, t.lease_until, COALESCE(o.institution_name, '') AS institution,
    COALESCE(o.type, '') AS type, COALESCE(o.name_changed, 0) AS name_changed, COALESCE(p.waits_for_ca, 0) AS waits_for_ca,
    COALESCE(a.asked_by, 0) AS asked_by
FROM task t LEFT JOIN orders o ON o.id = t.order_id LEFT JOIN production p ON p.order_id = t.order_id
    LEFT JOIN approval a ON a.id = CASE WHEN t.kind = 'approval' THEN CAST(SUBSTR(t.subject, 10) AS BIGINT) ELSE 0 END
WHERE t.order_id = $1 AND t.closed_at = 0 ORDER BY t.due_sort, t.id;

-- name: report_work_counts :one
SELECT COUNT(*) AS open_n,
    COALESCE(SUM(CASE WHEN t.claimed_by = $6 AND t.lease_until >= $7 THEN 1 ELSE 0 END), 0) AS mine_n,
    COALESCE(SUM(CASE WHEN t.due_sort < $8 THEN 1 ELSE 0 END), 0) AS overdue_n,
    COALESCE(SUM(CASE WHEN t.due_sort >= $8 AND t.due_sort <= $9 THEN 1 ELSE 0 END), 0) AS today_n
FROM task t LEFT JOIN orders o ON o.id = t.order_id
WHERE t.closed_at = 0 AND ($1 LIKE '% ' || t.role || ' %' OR $1 LIKE '% ' || t.role || '/' || t.kind || ' %')
    AND ($2 = '' OR t.kind = $2 OR ($2 = 'support' AND t.kind NOT IN ('name_change', 'review', 'produce', 'quality', 'ship',
        'payment', 'invoice', 'revoke_proposal', 'approval')))
    AND ($3 = '' OR o.type = $3) AND ($4 = '' OR t.project = $4)
    AND ($5 = '' OR CAST(t.order_id AS TEXT) LIKE $5 || '%' ESCAPE '!' OR o.institution_name LIKE '%' || $5 || '%' ESCAPE '!');

-- name: report_work_done_count :one
SELECT COUNT(*) AS done_n FROM task t LEFT JOIN orders o ON o.id = t.order_id
WHERE t.closed_at >= $6 AND t.closed_at > 0 AND ($1 LIKE '% ' || t.role || ' %' OR $1 LIKE '% ' || t.role || '/' || t.kind || ' %')
    AND ($2 = '' OR t.kind = $2 OR ($2 = 'support' AND t.kind NOT IN ('name_change', 'review', 'produce', 'quality', 'ship',
        'payment', 'invoice', 'revoke_proposal', 'approval')))
    AND ($3 = '' OR o.type = $3) AND ($4 = '' OR t.project = $4)
    AND ($5 = '' OR CAST(t.order_id AS TEXT) LIKE $5 || '%' ESCAPE '!' OR o.institution_name LIKE '%' || $5 || '%' ESCAPE '!');

-- name: report_imports :many
SELECT b.id, b.project, b.batch, b.name, b.by_name, b.signer, b.at, b.added, b.corrected, b.withdrawn, b.ca_state, b.encoding,
    (SELECT COUNT(*) FROM intake_override v WHERE v.batch_id = b.id) AS overridden
FROM intake_batch b WHERE CAST($1 AS BIGINT) = 0 OR b.id < $1 ORDER BY b.id DESC LIMIT $2;

-- name: report_import_get :one
SELECT b.id, b.project, b.batch, b.name, b.by_name, b.signer, b.at, b.added, b.corrected, b.withdrawn, b.ca_state, b.encoding,
    (SELECT COUNT(*) FROM intake_override v WHERE v.batch_id = b.id) AS overridden
FROM intake_batch b WHERE b.id = $1;

-- name: report_import_of :one
SELECT b.id, b.project, b.batch, b.name, b.by_name, b.signer, b.at, b.added, b.corrected, b.withdrawn, b.ca_state, b.encoding,
    (SELECT COUNT(*) FROM intake_override v WHERE v.batch_id = b.id) AS overridden
FROM intake_batch b WHERE b.project = $1 AND b.batch = $2;

-- name: report_import_rows :many
SELECT r.number, r.place, r.account, r.action, r.institution_name, r.reporting_code, r.user_name, r.uscc,
    COALESCE((SELECT MAX(o.id) FROM orders o WHERE o.account_id = r.account), 0) AS order_id,
    COALESCE((SELECT MIN(v.reason) FROM intake_override v WHERE v.batch_id = r.batch_id AND v.number = r.number), '') AS override_reason
FROM intake_row r WHERE r.batch_id = $1 AND r.number > $2 ORDER BY r.number LIMIT $3;

-- name: report_name_change :one
SELECT t.opened_at, t.due_at, t.closed_at FROM task t WHERE t.order_id = $1 AND t.kind = 'name_change' ORDER BY t.id DESC LIMIT 1;

-- name: report_payments :many
SELECT m.id AS row_id, m.order_id, m.id AS money_id, m.method, m.trade_no, m.amount_fen, m.at, m.purpose, m.refund_state,
    COALESCE(o.institution_name, '') AS institution, COALESCE(p.amount_fen, 0) AS due_fen,
    COALESCE((SELECT MAX(x.kind) FROM payment_exception x WHERE x.money_id = m.id), '') AS exception
FROM payment_money m LEFT JOIN orders o ON o.id = m.order_id LEFT JOIN payment p ON p.order_id = m.order_id
WHERE (CAST($1 AS BIGINT) = 0 OR m.id < $1)
    AND ($2 = '' OR CAST(m.order_id AS TEXT) LIKE $2 || '%' ESCAPE '!' OR m.trade_no LIKE $2 || '%' ESCAPE '!'
        OR o.institution_name LIKE '%' || $2 || '%' ESCAPE '!')
ORDER BY m.id DESC LIMIT $3;

-- name: report_payments_of_order :many
SELECT m.id AS row_id, m.order_id, m.id AS money_id, m.method, m.trade_no, m.amount_fen, m.at, m.purpose, m.refund_state,
    COALESCE(o.institution_name, '') AS institution, COALESCE(p.amount_fen, 0) AS due_fen,
    COALESCE((SELECT MAX(x.kind) FROM payment_exception x WHERE x.money_id = m.id), '') AS exception
FROM payment_money m LEFT JOIN orders o ON o.id = m.order_id LEFT JOIN payment p ON p.order_id = m.order_id
WHERE m.order_id = $2 AND (CAST($1 AS BIGINT) = 0 OR m.id < $1)
ORDER BY m.id DESC LIMIT $3;

-- name: report_payments_found :many
SELECT m.id AS row_id, m.order_id, m.id AS money_id, m.method, m.trade_no, m.amount_fen, m.at, m.purpose, m.refund_state,
    COALESCE(o.institution_name, '') AS institution, COALESCE(p.amount_fen, 0) AS due_fen,
    COALESCE((SELECT MAX(x.kind) FROM payment_exception x WHERE x.money_id = m.id), '') AS exception
FROM payment_money m LEFT JOIN orders o ON o.id = m.order_id LEFT JOIN payment p ON p.order_id = m.order_id
WHERE m.id IN (SELECT a.id FROM payment_money a WHERE a.trade_no >= $2 AND a.trade_no < $3
        UNION SELECT b.id FROM payment_money b WHERE b.order_id >= $4 AND b.order_id <= $5
        UNION SELECT c.id FROM orders n JOIN payment_money c ON c.order_id = n.id
            WHERE n.institution_id IN (SELECT q.institution FROM institution_part q WHERE q.part >= $6 AND q.part < $7)
                AND n.institution_name LIKE '%' || $8 || '%' ESCAPE '!'
        UNION SELECT d.id FROM orders r JOIN payment_money d ON d.order_id = r.id
            WHERE r.name_changed = 1 AND r.institution_name LIKE '%' || $8 || '%' ESCAPE '!')
    AND (CAST($1 AS BIGINT) = 0 OR m.id < $1)
ORDER BY m.id DESC LIMIT $9;

-- name: report_payment_get :one
SELECT m.id AS row_id, m.order_id, m.id AS money_id, m.method, m.trade_no, m.amount_fen, m.at, m.purpose, m.refund_state,
    COALESCE(o.institution_name, '') AS institution, COALESCE(p.amount_fen, 0) AS due_fen,
    COALESCE((SELECT MAX(x.kind) FROM payment_exception x WHERE x.money_id = m.id), '') AS exception
FROM payment_money m LEFT JOIN orders o ON o.id = m.order_id LEFT JOIN payment p ON p.order_id = m.order_id
WHERE m.id = $1;

-- name: report_exceptions :many
SELECT x.id AS row_id, x.order_id, COALESCE(x.money_id, 0) AS money_id, COALESCE(m.method, p.method, '') AS method,
    COALESCE(m.trade_no, '') AS trade_no, COALESCE(m.amount_fen, 0) AS amount_fen, x.at, COALESCE(m.purpose, '') AS purpose,
    COALESCE(m.refund_state, '') AS refund_state, COALESCE(o.institution_name, '') AS institution,
    COALESCE(p.amount_fen, 0) AS due_fen, x.kind AS exception
FROM payment_exception x LEFT JOIN payment_money m ON m.id = x.money_id LEFT JOIN orders o ON o.id = x.order_id
    LEFT JOIN payment p ON p.order_id = x.order_id
WHERE (CAST($1 AS BIGINT) = 0 OR x.id < $1) AND (CAST($2 AS BIGINT) = 0 OR x.id = $2)
    AND ($3 = '' OR CAST(x.order_id AS TEXT) LIKE $3 || '%' ESCAPE '!' OR m.trade_no LIKE $3 || '%' ESCAPE '!'
        OR o.institution_name LIKE '%' || $3 || '%' ESCAPE '!')
ORDER BY x.id DESC LIMIT $4;

-- name: report_exception_count :one
SELECT COUNT(*) AS n FROM payment_exception x
WHERE EXISTS (SELECT 1 FROM task t WHERE t.order_id = x.order_id AND t.kind = 'payment' AND t.closed_at = 0);

-- Newest first by number: the plus keeps the index of the days out, which would sort them all.
-- name: report_audit :many
SELECT id, chain, n, at, order_id, actor_kind, actor_name, actor_role, act, object, hash FROM audit_row
WHERE (CAST($1 AS BIGINT) = 0 OR id < $1) AND ($2 = '' OR actor_name = $2 OR actor_role = $2)
    AND ($3 = '' OR act LIKE $3 || '%' ESCAPE '!') AND +at >= $4 AND +at < $5
ORDER BY id DESC LIMIT $6;

-- name: report_audit_of_days :many
SELECT id, chain, n, at, order_id, actor_kind, actor_name, actor_role, act, object, hash FROM audit_row
WHERE at >= $4 AND at < $5 AND ($2 = '' OR actor_name = $2 OR actor_role = $2)
    AND ($3 = '' OR act LIKE $3 || '%' ESCAPE '!')
    AND (CAST($1 AS BIGINT) = 0 OR at < (SELECT x.at FROM audit_row x WHERE x.id = $1)
        OR (at = (SELECT y.at FROM audit_row y WHERE y.id = $1) AND id < $1))
ORDER BY at DESC, id DESC LIMIT $6;

-- name: report_audit_of_order :many
SELECT id, chain, n, at, order_id, actor_kind, actor_name, actor_role, act, object, hash FROM audit_row
WHERE order_id = $7 AND (CAST($1 AS BIGINT) = 0 OR id < $1) AND ($2 = '' OR actor_name = $2 OR actor_role = $2)
    AND ($3 = '' OR act LIKE $3 || '%' ESCAPE '!') AND at >= $4 AND at < $5
ORDER BY id DESC LIMIT $6;

-- name: report_audit_of_object :many
SELECT id, chain, n, at, order_id, actor_kind, actor_name, actor_role, act, object, hash FROM audit_row
WHERE object = $7 AND (CAST($1 AS BIGINT) = 0 OR id < $1) AND ($2 = '' OR actor_name = $2 OR actor_role = $2)
    AND ($3 = '' OR act LIKE $3 || '%' ESCAPE '!') AND at >= $4 AND at < $5
ORDER BY id DESC LIMIT $6;

-- name: report_search_keys :many
SELECT u.serial, u.state, u.order_id, COALESCE(o.institution_name, '') AS institution
FROM ukey u LEFT JOIN orders o ON o.id = u.order_id WHERE u.serial >= $1 AND u.serial < $2 ORDER BY u.serial LIMIT $3;

-- name: report_search_certificates :many
SELECT serial, institution, state, order_id FROM certificate WHERE serial >= $1 AND serial < $2 ORDER BY serial LIMIT $3;

-- name: report_search_parcels :many
SELECT d.number, d.order_id, COALESCE(o.institution_name, '') AS institution
FROM delivery d LEFT JOIN orders o ON o.id = d.order_id WHERE d.number >= $1 AND d.number < $2 ORDER BY d.number LIMIT $3;

-- name: report_orders_of_account :many
SELECT id, institution_name FROM orders WHERE account_id = $1 ORDER BY id DESC LIMIT $2;

-- name: report_search_orders_named :many
SELECT o.id, o.institution_name FROM orders o
WHERE o.institution_id IN (SELECT p.institution FROM institution_part p WHERE p.part >= $1 AND p.part < $2)
    AND o.institution_name LIKE '%' || $3 || '%' ESCAPE '!'
ORDER BY +o.id DESC LIMIT $4;

-- name: report_search_orders_renamed :many
SELECT id, institution_name FROM orders WHERE name_changed = 1 AND institution_name LIKE '%' || $1 || '%' ESCAPE '!'
ORDER BY id DESC LIMIT $2;
