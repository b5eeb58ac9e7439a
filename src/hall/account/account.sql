-- name: account_add :exec
INSERT INTO account (id, project, reporting_code, user_name, institution, code_index, state, usable_from,
    usable_provisional, handler, mobile, email, mobile_index, email_index, loaded_at, version)
VALUES ($1, $2, $3, $4, $5, $6, 'LOADED', $7, $8, $9, $10, $11, $12, $13, $14, 1);

-- name: account_anew :exec
UPDATE account SET institution = $5, code_index = $6, state = 'LOADED', usable_from = $7, usable_provisional = $8,
    handler = $9, mobile = $10, email = $11, mobile_index = $12, email_index = $13, loaded_at = $14, version = version + 1
WHERE id = $1 AND project = $2 AND reporting_code = $3 AND user_name = $4 AND state = 'WITHDRAWN';

-- name: account_get :one
SELECT id, project, reporting_code, user_name, institution, state, usable_from, usable_provisional, handler, mobile,
    email, loaded_at, version
FROM account WHERE id = $1;

-- name: account_by_key :one
SELECT id FROM account WHERE project = $1 AND reporting_code = $2 AND user_name = $3;

-- name: account_by_code :one
SELECT id, reporting_code, state, usable_from, usable_provisional, version FROM account WHERE code_index = $1;

-- name: account_of_institution :many
SELECT id FROM account WHERE institution = $1 ORDER BY id LIMIT 1000;

-- name: account_of_mobile :many
SELECT id FROM account WHERE mobile_index = $1 OR email_index = $2 ORDER BY id LIMIT 200;

-- name: account_correct :exec
UPDATE account SET institution = $3, handler = $4, mobile = $5, email = $6, mobile_index = $7, email_index = $8,
    version = version + 1
WHERE id = $1 AND version = $2;

-- name: account_erase :exec
UPDATE account SET state = 'WITHDRAWN', handler = $3, mobile = $4, email = $5, mobile_index = $6, email_index = $7,
    version = version + 1
WHERE id = $1 AND version = $2;

-- name: account_state :exec
UPDATE account SET state = $3, version = version + 1 WHERE id = $1 AND version = $2;

-- name: account_usable :exec
UPDATE account SET state = 'USABLE', version = version + 1 WHERE state = 'LOADED' AND usable_from <= $1;

-- name: account_otp_put :exec
INSERT INTO account_otp (account, use_for, object, code_index, tries_left, ends_at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (account, use_for) DO UPDATE SET object = $3, code_index = $4, tries_left = $5, ends_at = $6;

-- name: account_otp_get :one
SELECT code_index, tries_left FROM account_otp WHERE account = $1 AND use_for = $2;

-- name: account_otp_tried :exec
UPDATE account_otp SET tries_left = tries_left - 1
WHERE account = $1 AND use_for = $2 AND object = $3 AND ends_at >= $4 AND tries_left > 0;

-- name: account_otp_used :exec
DELETE FROM account_otp WHERE account = $1 AND use_for = $2 AND code_index = $3;
