-- name: certificate_add :exec
INSERT INTO certificate (id, version, order_id, attempt, account_id, project, institution, ukey, state, request_id, revision, profile,
    csr, key_hash, ask_from, ask_until, batch, batch_row, maker, maker_signature, serial, der, fingerprint, subject, issuer,
    algorithm, not_before, not_after, requested_at, issued_at, changed_at, reason, wish, wish_no, wish_done, wish_actor,
    wish_second)
VALUES ($1, 1, $2, $19, $3, $4, $5, $6, 'NONE', $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, NULL, $18, $18, '', '', '',
    0, 0, 0, 0, 0, '', '', 0, 0, '', '');

-- name: certificate_ask_again :exec
UPDATE certificate SET ukey = $3, revision = $4, profile = $5, csr = $6, key_hash = $7, ask_from = $8, ask_until = $9, batch = $10,
    batch_row = $11, maker = $12, maker_signature = $13, institution = $14, version = version + 1
WHERE id = $1 AND version = $2 AND serial IS NULL;

-- name: certificate_asked :one
SELECT id, version, attempt, state, requested_at, request_id, revision, profile, ukey, csr, key_hash, ask_from, ask_until, batch, batch_row, maker,
    maker_signature, serial
FROM certificate WHERE order_id = $1 ORDER BY attempt DESC LIMIT 1;

-- name: certificate_unanswered :many
SELECT id, version, order_id, ukey, state, request_id, key_hash FROM certificate
WHERE order_id = $1 AND id <> $2 AND requested_at <> 0 AND serial IS NULL ORDER BY attempt;

-- name: certificate_requested :exec
UPDATE certificate SET requested_at = $2, version = version + 1 WHERE id = $1 AND requested_at = 0;

-- name: certificate_made :exec
UPDATE certificate SET serial = $3, der = $4, fingerprint = $5, subject = $6, issuer = $7, algorithm = $8, not_before = $9,
    not_after = $10, issued_at = $11, version = version + 1
WHERE id = $1 AND version = $2 AND serial IS NULL;

-- name: certificate_of_order :one
SELECT id, version, order_id, account_id, project, institution, ukey, state, serial, der, subject, issuer, algorithm, not_before,
    not_after, requested_at, issued_at, changed_at, reason, wish_no, wish_done
FROM certificate WHERE order_id = $1 ORDER BY attempt DESC LIMIT 1;

-- name: certificate_of_ukey :many
SELECT id, version, order_id, account_id, project, institution, ukey, state, serial, der, subject, issuer, algorithm, not_before,
    not_after, requested_at, issued_at, changed_at, reason, wish_no, wish_done
FROM certificate WHERE ukey = $1 ORDER BY id DESC LIMIT 1;

-- name: certificate_get :one
SELECT id, version, order_id, account_id, project, institution, ukey, state, serial, der, subject, issuer, algorithm, not_before,
    not_after, requested_at, issued_at, changed_at, reason, wish_no, wish_done
FROM certificate WHERE serial = $1;

-- name: certificate_find :many
SELECT id, version, order_id, account_id, project, institution, ukey, state, serial, der, subject, issuer, algorithm, not_before,
    not_after, requested_at, issued_at, changed_at, reason, wish_no, wish_done
FROM certificate WHERE fingerprint = $1 ORDER BY id LIMIT 2;

-- name: certificate_list :many
SELECT id, version, order_id, account_id, project, institution, ukey, state, serial, der, subject, issuer, algorithm, not_before,
    not_after, requested_at, issued_at, changed_at, reason, wish_no, wish_done
FROM certificate
WHERE serial IS NOT NULL AND (CAST($1 AS BIGINT) = 0 OR id < $1)
    AND ($2 = ''
        OR ($2 = 'ACTIVE' AND state IN ('ACTIVE', 'EXPIRING', 'ISSUED_INACTIVE') AND not_after >= $3)
        OR ($2 = 'EXPIRED' AND (state IN ('EXPIRED', 'EXPIRED_LATE') OR (state IN ('ACTIVE', 'EXPIRING') AND not_after < $3)))
        OR ($2 IN ('ON_HOLD', 'REVOKED') AND state = $2))
    AND ($4 = '' OR institution LIKE $5 ESCAPE '\' OR serial LIKE $6 ESCAPE '\' OR ukey LIKE $7 ESCAPE '\'
        OR CAST(order_id AS TEXT) LIKE $7 ESCAPE '\')
ORDER BY id DESC LIMIT $8;

-- name: certificate_claim :exec
UPDATE certificate SET version = version + 1 WHERE id = $1 AND version = $2;

-- name: certificate_set_state :exec
UPDATE certificate SET state = $3, changed_at = $4, version = version + 1 WHERE id = $1 AND version = $2;

-- name: certificate_wish_get :one
SELECT id, version, order_id, serial, state, wish, wish_no, wish_done, wish_actor, wish_second, reason FROM certificate WHERE id = $1;

-- name: certificate_wish_open :many
SELECT id FROM certificate WHERE order_id = $1 AND wish_done < wish_no ORDER BY attempt;

-- name: certificate_wish_set :exec
UPDATE certificate SET wish = $3, wish_no = wish_no + 1, wish_actor = $4, reason = $5, version = version + 1
WHERE id = $1 AND version = $2;

-- name: certificate_wish_done :exec
UPDATE certificate SET wish_done = $2 WHERE id = $1 AND wish_done < $2;

-- name: certificate_second :exec
UPDATE certificate SET wish_second = $2 WHERE id = $1;

-- name: certificate_line_add :exec
INSERT INTO certificate_line (id, certificate_id, at, row_id, state, who, reason) VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: certificate_line_list :many
SELECT at, row_id, state, who, reason FROM certificate_line WHERE certificate_id = $1 ORDER BY id DESC LIMIT 200;

-- name: certificate_wish_redo :exec
UPDATE certificate SET wish_done = $2 WHERE id = $1;
