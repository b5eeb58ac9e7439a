-- name: partner_add :exec
INSERT INTO partner (id, code, name, kind, secret) VALUES ($1, $2, $3, $4, $5);

-- name: partner_set :exec
UPDATE partner SET name = $2, kind = $3, secret = $4 WHERE id = $1;

-- name: partner_by_code :one
SELECT id, code, name, kind, secret FROM partner WHERE code = $1;

-- name: partner_call_get :one
SELECT request_hash, status, answer FROM partner_call WHERE partner = $1 AND call_key = $2 AND at > $3;

-- name: partner_call_add :exec
INSERT INTO partner_call (partner, call_key, request_hash, status, answer, at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (partner, call_key) DO UPDATE SET request_hash = $3, status = $4, answer = $5, at = $6
WHERE partner_call.at <= $7;

-- name: partner_call_prune :exec
DELETE FROM partner_call WHERE at <= $1;
