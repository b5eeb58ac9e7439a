-- name: delivery_add :exec
INSERT INTO delivery (id, order_id, courier, number, serial, sent_to, sent_at, sent_by_id, sent_by, signed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0)
ON CONFLICT DO NOTHING;

-- name: delivery_parcel :one
SELECT order_id FROM delivery WHERE courier = $1 AND number = $2;

-- name: delivery_newest :many
SELECT id, order_id, courier, number, serial, sent_to, sent_at, sent_by, signed_at
FROM delivery WHERE order_id = $1 ORDER BY id DESC LIMIT 1;

-- name: delivery_erase :exec
UPDATE delivery SET sent_to = $2 WHERE order_id = $1;

-- name: delivery_signed :exec
UPDATE delivery SET signed_at = $2 WHERE id = $1 AND signed_at = 0;
