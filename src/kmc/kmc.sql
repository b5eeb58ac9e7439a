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

-- name: kmc_key_add :exec
INSERT INTO kmc_key (id, algorithm, state, spki, wrapped, made_at) VALUES ($1, $2, 'ready', $3, $4, $5);

-- name: kmc_key_last :one
SELECT COALESCE(MAX(id), 0) AS id FROM kmc_key;

-- name: kmc_key_ready_count :one
SELECT COUNT(*) AS n FROM kmc_key WHERE algorithm = $1 AND state = 'ready';

-- name: kmc_key_ready :many
SELECT id, spki, wrapped FROM kmc_key WHERE algorithm = $1 AND state = 'ready' ORDER BY id LIMIT $2;

-- name: kmc_key_give :exec
UPDATE kmc_key SET state = 'given' WHERE id = $1 AND state = 'ready';

-- name: kmc_key_aside :exec
UPDATE kmc_key SET state = 'aside' WHERE state = 'ready' AND id <= $1;

-- name: kmc_key_sums :many
SELECT algorithm, state, COUNT(*) AS n FROM kmc_key GROUP BY algorithm, state ORDER BY algorithm, state;

-- name: kmc_given_of :many
SELECT kmc_key.id AS id, kmc_key.algorithm AS algorithm, kmc_key.spki AS spki, kmc_key.wrapped AS wrapped,
    kmc_given.sign_key AS sign_key
FROM kmc_given JOIN kmc_key ON kmc_key.id = kmc_given.key_id
WHERE kmc_given.ca = $1 AND kmc_given.enc_serial = $2;

-- name: kmc_given_add :exec
INSERT INTO kmc_given (key_id, ca, enc_serial, request_id, sign_key, user_name, not_before, not_after, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: kmc_recovered_of :many
SELECT sign_key FROM kmc_recovered WHERE key_id = $1 ORDER BY id;

-- name: kmc_recovered_add :exec
INSERT INTO kmc_recovered (id, key_id, ca, request_id, sign_key, user_name, at)
VALUES ((SELECT COALESCE(MAX(id), 0) + 1 FROM kmc_recovered), $1, $2, $3, $4, $5, $6);

-- name: kmc_hour_of :many
SELECT n FROM kmc_hour WHERE act = $1 AND hour = $2;

-- name: kmc_hour_add :exec
INSERT INTO kmc_hour (act, hour, n) VALUES ($1, $2, $3)
ON CONFLICT (act, hour) DO UPDATE SET n = kmc_hour.n + $3;

-- name: kmc_ca_all :many
SELECT id, name, spki, entered_by, entered_at, ended_by, ended_at FROM kmc_ca ORDER BY id;

-- name: kmc_ca_live :many
SELECT name, spki FROM kmc_ca WHERE ended_at IS NULL ORDER BY id;

-- name: kmc_ca_add :exec
INSERT INTO kmc_ca (id, name, spki, entered_by, entered_at)
VALUES ((SELECT COALESCE(MAX(id), 0) + 1 FROM kmc_ca), $1, $2, $3, $4);

-- name: kmc_ca_end :exec
UPDATE kmc_ca SET ended_by = $2, ended_at = $3 WHERE name = $1 AND ended_at IS NULL;

-- name: kmc_judicial_last :one
SELECT n, hash FROM kmc_judicial ORDER BY n DESC LIMIT 1;

-- name: kmc_judicial_add :exec
INSERT INTO kmc_judicial (n, at, act, object, hash) VALUES ($1, $2, $3, $4, $5);

-- name: kmc_judicial_all :many
SELECT n, at, act, object, hash FROM kmc_judicial ORDER BY n;

-- name: kmc_custodian_all :many
SELECT id, name, certificate, serial, entered_by, entered_at, ended_by, ended_at FROM kmc_custodian ORDER BY id;

-- name: kmc_custodian_of :many
SELECT id, name, certificate, serial FROM kmc_custodian WHERE serial = $1 AND ended_at IS NULL ORDER BY id;

-- name: kmc_custodian_live :many
SELECT id, name, certificate, serial FROM kmc_custodian WHERE ended_at IS NULL ORDER BY id;

-- name: kmc_custodian_add :exec
INSERT INTO kmc_custodian (id, name, certificate, serial, entered_by, entered_at)
VALUES ((SELECT COALESCE(MAX(id), 0) + 1 FROM kmc_custodian), $1, $2, $3, $4, $5);

-- name: kmc_custodian_end :exec
UPDATE kmc_custodian SET ended_by = $2, ended_at = $3 WHERE id = $1 AND ended_at IS NULL;
