-- name: ukey_add :exec
INSERT INTO ukey (serial, project, model, batch, state, version, order_id, account_id, stocked_at, shipped_at, first_pin_at,
    admin_version, release_open, user_left, user_max, admin_left, admin_max)
VALUES ($1, $2, $3, $4, $5, 1, 0, 0, $6, 0, 0, 0, 0, -1, -1, -1, -1)
ON CONFLICT (serial) DO NOTHING;

-- name: ukey_get :one
SELECT serial, project, model, batch, state, version, order_id, account_id, stocked_at, shipped_at, first_pin_at,
    admin_version, release_open, user_left, user_max, admin_left, admin_max
FROM ukey WHERE serial = $1;

-- name: ukey_of_order :many
SELECT serial, project, model, batch, state, version, order_id, account_id, stocked_at, shipped_at, first_pin_at,
    admin_version, release_open, user_left, user_max, admin_left, admin_max
FROM ukey WHERE order_id = $1 AND order_id > 0 ORDER BY serial;

-- name: ukey_of_account :many
SELECT serial, project, model, batch, state, version, order_id, account_id, stocked_at, shipped_at, first_pin_at,
    admin_version, release_open, user_left, user_max, admin_left, admin_max
FROM ukey WHERE account_id = $1 AND account_id > 0 ORDER BY shipped_at DESC, serial;

-- name: ukey_counts :one
SELECT COALESCE(SUM(CASE WHEN order_id = 0 THEN 1 ELSE 0 END), 0) AS free_n,
    COALESCE(SUM(CASE WHEN order_id > 0 THEN 1 ELSE 0 END), 0) AS kept_n
FROM ukey WHERE project = $1 AND state = 'BLANK';

-- name: ukey_first_free :many
SELECT serial, version FROM ukey WHERE project = $1 AND state = 'BLANK' AND order_id = 0 ORDER BY serial LIMIT 1;

-- name: ukey_keep :exec
UPDATE ukey SET order_id = $3, version = version + 1
WHERE serial = $1 AND version = $2 AND order_id = 0 AND state = 'BLANK';

-- name: ukey_free :exec
UPDATE ukey SET order_id = 0, version = version + 1 WHERE order_id = $1 AND order_id > 0 AND state = 'BLANK';

-- name: ukey_set_state :exec
UPDATE ukey SET state = $3, order_id = $4, shipped_at = $5, first_pin_at = $6, version = version + 1
WHERE serial = $1 AND version = $2;

-- name: ukey_set_owner :exec
UPDATE ukey SET account_id = $3, version = version + 1 WHERE serial = $1 AND version = $2;

-- name: ukey_set_seen :exec
UPDATE ukey SET user_left = $2, user_max = $3, admin_left = $4, admin_max = $5 WHERE serial = $1;

-- name: ukey_set_pin :exec
UPDATE ukey SET admin_version = $2, release_open = $3 WHERE serial = $1;

-- name: ukey_line_add :exec
INSERT INTO ukey_line (id, serial, at, row_id, state, order_id, who) VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: ukey_line_list :many
SELECT at, row_id, state, order_id, who FROM ukey_line WHERE serial = $1 ORDER BY id DESC LIMIT 200;

-- name: ukey_staff_put :exec
INSERT INTO ukey_staff (staff_id, serial, certificate) VALUES ($1, $2, $3)
ON CONFLICT (staff_id) DO UPDATE SET serial = $2, certificate = $3;

-- name: ukey_staff_get :one
SELECT staff_id, serial, certificate FROM ukey_staff WHERE staff_id = $1;
