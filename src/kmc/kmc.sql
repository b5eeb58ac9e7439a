-- name: kmc_pin_live :many
SELECT version, wrapped, state FROM kmc_pin WHERE serial = $1 AND state <> 'dead' ORDER BY version;

-- name: kmc_pin_get :one
SELECT version, wrapped, state FROM kmc_pin WHERE serial = $1 AND version = $2;

-- name: kmc_pin_max :one
SELECT COALESCE(MAX(version), 0) AS version FROM kmc_pin WHERE serial = $1;

-- name: kmc_pin_add :exec
INSERT INTO kmc_pin (serial, version, wrapped, state, made_at) VALUES ($1, $2, $3, $4, $5);

-- name: kmc_pin_kill_below :exec
UPDATE kmc_pin SET state = 'dead' WHERE serial = $1 AND version < $2 AND state <> 'dead';

-- name: kmc_pin_set_current :exec
UPDATE kmc_pin SET state = 'current' WHERE serial = $1 AND version = $2 AND state <> 'dead';

-- name: kmc_pin_confirmed :many
SELECT version FROM kmc_pin WHERE serial = $1 AND state = 'current' LIMIT 1;

-- name: kmc_release_of :many
SELECT serial, order_no, purpose, version, seal_key FROM kmc_release WHERE request_id = $1 ORDER BY id;

-- name: kmc_release_count :one
SELECT COUNT(*) AS n FROM kmc_release WHERE serial = $1 AND purpose = 'release' AND at > $2;

-- name: kmc_new_count :one
SELECT COUNT(*) AS n FROM kmc_release WHERE serial = $1 AND purpose <> 'release' AND at > $2;

-- name: kmc_hour_count :one
SELECT COUNT(*) AS n, COALESCE(MIN(at), 0) AS first FROM kmc_release WHERE at > $1;

-- name: kmc_release_add :exec
INSERT INTO kmc_release (id, request_id, serial, order_no, purpose, version, seal_key, evidence, at)
VALUES ((SELECT COALESCE(MAX(id), 0) + 1 FROM kmc_release), $1, $2, $3, $4, $5, $6, $7, $8);

-- name: kmc_audit_last :one
SELECT n, hash FROM kmc_audit ORDER BY n DESC LIMIT 1;

-- name: kmc_audit_add :exec
INSERT INTO kmc_audit (n, at, act, object, hash) VALUES ($1, $2, $3, $4, $5);

-- name: kmc_audit_all :many
SELECT n, at, act, object, hash FROM kmc_audit ORDER BY n;
