-- name: ca_issuer_add :exec
INSERT INTO ca_issuer (id, code, algorithm, role, parent_id, certificate, not_after)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: ca_issuer_all :many
SELECT id, code, algorithm, role, COALESCE(parent_id, 0) AS parent_id, certificate, not_after, shards FROM ca_issuer ORDER BY id;

-- name: ca_issuer_shards :exec
UPDATE ca_issuer SET shards = $2 WHERE id = $1 AND shards < $2;

-- name: ca_certificate_intend :exec
INSERT INTO ca_certificate (id, serial, issuer_id, profile, request_id, key_hash, order_no, ukey, subject,
    not_before, not_after, tbs, certificate, state, reason, changed_at, created_at, evidence, shard, pair)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, NULL, 'intent', 0, $13, $13, $14, $15, $16);

-- name: ca_certificate_max_id :one
SELECT COALESCE(MAX(id), 0) AS id FROM ca_certificate;

-- name: ca_certificate_by_request :one
SELECT id, serial, issuer_id, profile, request_id, key_hash, order_no, ukey, subject, not_before, not_after, tbs,
    certificate, state, reason, changed_at, pair
FROM ca_certificate WHERE request_id = $1;

-- name: ca_certificate_by_serial :one
SELECT id, serial, issuer_id, profile, request_id, key_hash, order_no, ukey, subject, not_before, not_after, tbs,
    certificate, state, reason, changed_at, pair
FROM ca_certificate WHERE serial = $1;

-- name: ca_certificate_by_id :one
SELECT id, serial, issuer_id, certificate, sealed, state, not_before, not_after FROM ca_certificate WHERE id = $1;

-- name: ca_certificate_signed_pair :exec
UPDATE ca_certificate SET certificate = $2, state = 'active', changed_at = $3, key_hash = $4, sealed = $5
WHERE id = $1 AND state = 'intent';

-- name: ca_certificate_void :exec
UPDATE ca_certificate SET state = 'void', changed_at = $2, tbs = $3, key_hash = $3, order_no = '',
    request_id = request_id || '!' || CAST(id AS TEXT)
WHERE id = $1 AND state = 'intent';

-- name: ca_certificate_clashes :one
SELECT CASE WHEN EXISTS (SELECT 1 FROM ca_certificate WHERE request_id = $1)
    OR EXISTS (SELECT 1 FROM ca_certificate WHERE key_hash = $2)
    OR EXISTS (SELECT 1 FROM ca_compromised WHERE key_hash = $2)
    OR EXISTS (SELECT 1 FROM ca_certificate WHERE order_no = $3 AND profile = $4 AND state <> 'revoked')
    THEN 1 ELSE 0 END AS some;

-- name: ca_certificate_by_key :many
SELECT request_id, state FROM ca_certificate WHERE key_hash = $1 LIMIT 2;

-- name: ca_certificate_live_of_key :many
SELECT serial FROM ca_certificate WHERE key_hash = $1 AND state <> 'revoked' ORDER BY id;

-- name: ca_certificate_compromised :one
SELECT COUNT(*) AS n FROM ca_certificate WHERE key_hash = $1 AND state = 'revoked' AND reason = $2;

-- name: ca_compromised_add :exec
INSERT INTO ca_compromised (key_hash, why, entered_by, entered_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (key_hash) DO NOTHING;

-- name: ca_compromised_get :one
SELECT why FROM ca_compromised WHERE key_hash = $1;

-- name: ca_compromised_after :many
SELECT key_hash, why, entered_by, entered_at FROM ca_compromised WHERE key_hash > $1 ORDER BY key_hash LIMIT $2;

-- name: ca_certificate_live_of_order :many
SELECT serial, request_id FROM ca_certificate WHERE order_no = $1 AND profile = $2 AND state <> 'revoked' LIMIT 1;

-- name: ca_certificate_signed :exec
UPDATE ca_certificate SET certificate = $2, state = 'active', changed_at = $3, tbs = $4
WHERE id = $1 AND state = 'intent';

-- name: ca_certificate_intents :many
SELECT id, serial, issuer_id, profile, tbs, not_after, pair FROM ca_certificate
WHERE state = 'intent' AND state <> 'active' ORDER BY id;

-- name: ca_certificate_change :exec
UPDATE ca_certificate SET state = $3, reason = $4, changed_at = $5, invalid_since = $6
WHERE id = $1 AND state = $2;

-- name: ca_certificate_lost :exec
INSERT INTO ca_certificate (id, serial, issuer_id, profile, request_id, key_hash, order_no, ukey, subject,
    not_before, not_after, tbs, certificate, state, reason, changed_at, created_at, evidence, shard, invalid_since)
VALUES ($1, $2, $3, 'lost', $4, $5, '', '', '', 0, $6, $5, $5, $7, $8, $9, $10, '[]', $11, $12);

-- name: ca_certificate_listed :many
SELECT serial, state, reason, changed_at, invalid_since, not_after, shard FROM ca_certificate
WHERE issuer_id = $1 AND state IN ('hold', 'revoked') AND state <> 'active' AND (not_after >= $2 OR changed_at >= $2)
ORDER BY LENGTH(serial), serial;

-- name: ca_certificate_listed_since :many
SELECT c.serial AS serial, c.state AS state, c.reason AS reason, c.changed_at AS changed_at, c.invalid_since AS invalid_since,
    c.not_after AS not_after, c.shard AS shard, MAX(s.seq) AS seq
FROM ca_status s JOIN ca_certificate c ON c.serial = s.serial
WHERE s.seq > $2 AND s.issuer_id = $1 AND (s.state <> 'active' OR s.reason > 0)
GROUP BY c.serial, c.state, c.reason, c.changed_at, c.invalid_since, c.not_after, c.shard
ORDER BY LENGTH(c.serial), c.serial;

-- name: ca_status_last :one
SELECT COALESCE(MAX(seq), 0) AS seq FROM ca_status;

-- name: ca_status_add :exec
INSERT INTO ca_status (seq, serial, issuer_id, state, reason, changed_at, not_after)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: ca_status_at :one
SELECT seq, serial, issuer_id, state, reason, changed_at, not_after FROM ca_status WHERE seq = $1;

-- name: ca_status_after :many
SELECT seq, serial, issuer_id, state, reason, changed_at, not_after FROM ca_status
WHERE seq > $1 ORDER BY seq LIMIT $2;

-- name: ca_crl_last :one
SELECT base, base_seq, base_at, base_until, number, status_seq, this_update, next_update FROM ca_crl
WHERE issuer_id = $1 AND shard = $2 AND CASE WHEN base = 0 THEN 0 ELSE 1 END = CAST($3 AS BIGINT) ORDER BY number DESC LIMIT 1;

-- name: ca_crl_before :one
SELECT number, status_seq, this_update, next_update FROM ca_crl
WHERE issuer_id = $1 AND shard = $2 AND base = 0 AND number < $3 ORDER BY number DESC LIMIT 1;

-- name: ca_crl_newest_number :one
SELECT COALESCE(MAX(number), 0) AS number FROM ca_crl WHERE issuer_id = $1;

-- name: ca_crl_known :one
SELECT COUNT(*) AS n, COALESCE(SUM(CASE WHEN number = $3 THEN 1 ELSE 0 END), 0) AS same,
    COALESCE(SUM(CASE WHEN number < $3 THEN 1 ELSE 0 END), 0) AS older
FROM ca_crl WHERE issuer_id = $1 AND shard = $2 AND base = 0;

-- name: ca_crl_oldest :one
SELECT COALESCE(MIN(at), 0) AS at FROM
    (SELECT MAX(this_update) AS at FROM ca_crl WHERE issuer_id = $1 AND base = 0 GROUP BY shard) AS newest;

-- name: ca_crl_add :exec
INSERT INTO ca_crl (issuer_id, shard, base, base_seq, base_at, base_until, number, status_seq, this_update, next_update,
    octets, signature)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);

-- name: ca_crl_prune :exec
DELETE FROM ca_crl WHERE issuer_id = $1 AND shard = $2 AND CASE WHEN base = 0 THEN 0 ELSE 1 END = CAST($3 AS BIGINT) AND number NOT IN
    (SELECT number FROM ca_crl WHERE issuer_id = $1 AND shard = $2 AND CASE WHEN base = 0 THEN 0 ELSE 1 END = CAST($3 AS BIGINT)
     ORDER BY number DESC LIMIT $4);

-- name: ca_staff_add :exec
INSERT INTO ca_staff (id, name, role, serial, certificate, entered_by, entered_at, ended_at)
VALUES ((SELECT COALESCE(MAX(id), 0) + 1 FROM ca_staff), $1, $2, $3, $4, $5, $6, 0)
ON CONFLICT (serial) DO NOTHING;

-- name: ca_staff_by_serial :one
SELECT id, name, role, serial, certificate, ended_at FROM ca_staff WHERE serial = $1;

-- name: ca_staff_vouching :one
SELECT name, role, certificate, ended_at, (SELECT state FROM ca_certificate WHERE serial = $2) AS own_state
FROM ca_staff WHERE serial = $1;

-- name: ca_staff_all :many
SELECT id, name, role, certificate, entered_by, entered_at, ended_at FROM ca_staff ORDER BY id;

-- name: ca_staff_end :exec
UPDATE ca_staff SET ended_at = $2 WHERE id = $1 AND ended_at = 0;

-- name: ca_regulator_add :exec
INSERT INTO ca_regulator (id, project, certificate, entered_by, entered_at, ended_at)
VALUES ((SELECT COALESCE(MAX(id), 0) + 1 FROM ca_regulator), $1, $2, $3, $4, 0);

-- name: ca_regulator_all :many
SELECT id, project, certificate, entered_by, entered_at, ended_at FROM ca_regulator ORDER BY id;

-- name: ca_regulator_end :exec
UPDATE ca_regulator SET ended_at = $2 WHERE id = $1 AND ended_at = 0;

-- name: ca_regulator_of :many
SELECT certificate FROM ca_regulator WHERE project = $1 AND ended_at = 0 ORDER BY id;

-- name: ca_batch_get :one
SELECT id, seq, project FROM ca_batch WHERE project = $1 AND id = $2;

-- name: ca_batch_last :one
SELECT COALESCE(MAX(seq), 0) AS seq FROM ca_batch;

-- name: ca_batch_add :exec
INSERT INTO ca_batch (project, id, seq, signer, received_at) VALUES ($1, $2, $3, $4, $5);

-- name: ca_batch_row_add :exec
INSERT INTO ca_batch_row (project, batch_id, row_no, action, reporting_code, user_name, institution_name, uscc, row_hash,
    seq)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: ca_batch_row_get :one
SELECT action, reporting_code, user_name, institution_name, uscc, seq FROM ca_batch_row
WHERE project = $1 AND batch_id = $2 AND row_no = $3;

-- name: ca_batch_row_newest :one
SELECT batch_id, row_no, action, reporting_code, user_name, institution_name, uscc, seq FROM ca_batch_row
WHERE project = $1 AND reporting_code = $2 AND user_name = $3
ORDER BY seq DESC, row_no DESC LIMIT 1;

-- name: ca_use_count :one
SELECT COUNT(*) AS n, COALESCE(MIN(at), 0) AS first FROM ca_use WHERE what = $1 AND at > $2;

-- name: ca_use_add :exec
INSERT INTO ca_use (id, what, at) VALUES ((SELECT COALESCE(MAX(id), 0) + 1 FROM ca_use), $1, $2);

-- name: ca_audit_last :one
SELECT n, hash FROM ca_audit ORDER BY n DESC LIMIT 1;

-- name: ca_audit_add :exec
INSERT INTO ca_audit (n, at, actor, act, object, hash) VALUES ($1, $2, $3, $4, $5, $6);

-- name: ca_audit_all :many
SELECT n, at, actor, act, object, hash FROM ca_audit WHERE n > $1 ORDER BY n LIMIT $2;

-- name: ca_audit_last_anchor :one
SELECT n, object FROM ca_audit WHERE act = 'anchor' ORDER BY n DESC LIMIT 1;

-- name: ca_audit_ceremony :one
SELECT n FROM ca_audit WHERE act = 'ceremony' AND object = $1 ORDER BY n LIMIT 1;

-- name: ca_mass_get :one
SELECT sum FROM ca_mass WHERE request_id = $1;

-- name: ca_mass_add :exec
INSERT INTO ca_mass (request_id, sum, at) VALUES ($1, $2, $3);

-- name: ca_mass_item_add :exec
INSERT INTO ca_mass_item (request_id, n, serial, result, seq) VALUES ($1, $2, $3, '', 0);

-- name: ca_mass_item_open :many
SELECT n, serial FROM ca_mass_item WHERE request_id = $1 AND result = '' ORDER BY n LIMIT $2;

-- name: ca_mass_item_done :exec
UPDATE ca_mass_item SET result = $3, seq = $4 WHERE request_id = $1 AND n = $2;

-- name: ca_mass_items :many
SELECT serial, result, seq FROM ca_mass_item WHERE request_id = $1 ORDER BY n;
