-- name: audit_chain_lock :exec
UPDATE audit_chain SET n = n + 1 WHERE chain = $1;

-- name: audit_chain_get :one
SELECT n, hash FROM audit_chain WHERE chain = $1;

-- name: audit_chain_head :exec
UPDATE audit_chain SET hash = $2 WHERE chain = $1;

-- name: audit_chain_hold :exec
UPDATE audit_chain SET n = n;

-- name: audit_chain_put :exec
UPDATE audit_chain SET n = $2, hash = $3 WHERE chain = $1;

-- name: audit_chain_all :many
SELECT chain, n, hash FROM audit_chain ORDER BY chain;

-- name: audit_row_add :exec
INSERT INTO audit_row (id, chain, n, at, order_id, actor_kind, actor_id, actor_name, actor_role, address, act, object,
    old_hash, new_hash, reason_hash, prev, hash)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17);

-- name: audit_value_add :exec
INSERT INTO audit_value (chain, n, order_id, sealed) VALUES ($1, $2, $3, $4);

-- name: audit_value_get :one
SELECT sealed FROM audit_value WHERE chain = $1 AND n = $2;

-- name: audit_value_erase :exec
DELETE FROM audit_value WHERE order_id = $1;

-- name: audit_row_erasure :one
SELECT COALESCE(MAX(n), 0) AS n FROM audit_row WHERE order_id = $1 AND chain = $2 AND act = 'audit.erase';

-- name: audit_row_get :one
SELECT id, order_id, object, old_hash, new_hash, reason_hash FROM audit_row WHERE chain = $1 AND n = $2;

-- name: audit_row_chain :many
SELECT r.id, r.chain, r.n, r.at, r.order_id, r.actor_kind, r.actor_id, r.actor_name, r.actor_role, r.address, r.act,
    r.object, r.old_hash, r.new_hash, r.reason_hash, r.prev, r.hash, v.sealed
FROM audit_row r LEFT JOIN audit_value v ON v.chain = r.chain AND v.n = r.n
WHERE r.chain = $1 AND r.n > $2 ORDER BY r.n LIMIT 1000;

-- name: audit_row_list :many
SELECT id, chain, n, at, order_id, actor_kind, actor_name, actor_role, address, act, object, hash
FROM audit_row
WHERE (CAST($1 AS BIGINT) = 0 OR order_id = $1) AND ($2 = '' OR (act >= $2 AND act < $3)) AND ($4 = '' OR object = $4)
    AND (CAST($5 AS BIGINT) = 0 OR id < $5)
ORDER BY id DESC LIMIT $6;

-- name: audit_anchor_add :exec
INSERT INTO audit_anchor (id, at, heads, ca_head) VALUES ($1, $2, $3, $4);

-- name: audit_anchor_prune :exec
DELETE FROM audit_anchor WHERE id < (SELECT MIN(x.id) FROM (SELECT id FROM audit_anchor ORDER BY id DESC LIMIT 1000) x);

-- name: audit_anchor_last :one
SELECT id, at, heads, ca_head FROM audit_anchor ORDER BY id DESC LIMIT 1;
