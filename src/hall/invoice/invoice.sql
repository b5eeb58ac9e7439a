-- name: invoice_add :exec
INSERT INTO invoice (id, order_id, version, batch_id, project, kind, item, amount_fen, tax_fen, vat_percent, batch_day,
    buyer, tax_no, mailbox, number, red_number, opened_at, issued_at, mailed_at, mails)
VALUES ($1, $2, 1, 0, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, '', '', $13, 0, 0, 0)
ON CONFLICT (order_id) DO NOTHING;

-- name: invoice_get :one
SELECT id, order_id, version, batch_id, project, kind, item, amount_fen, tax_fen, vat_percent, batch_day, buyer, tax_no,
    mailbox, number, red_number, opened_at, issued_at, mailed_at, mails
FROM invoice WHERE id = $1;

-- name: invoice_of_order :many
SELECT id, order_id, version, batch_id, project, kind, item, amount_fen, tax_fen, vat_percent, batch_day, buyer, tax_no,
    mailbox, number, red_number, opened_at, issued_at, mailed_at, mails
FROM invoice WHERE order_id = $1;

-- name: invoice_waiting :many
SELECT id, order_id, version, batch_id, project, kind, item, amount_fen, tax_fen, vat_percent, batch_day, buyer, tax_no,
    mailbox, number, red_number, opened_at, issued_at, mailed_at, mails
FROM invoice WHERE number = '' AND batch_day > 0 AND batch_day <= $1 ORDER BY id;

-- name: invoice_of_batch :many
SELECT id, order_id, version, batch_id, project, kind, item, amount_fen, tax_fen, vat_percent, batch_day, buyer, tax_no,
    mailbox, number, red_number, opened_at, issued_at, mailed_at, mails
FROM invoice WHERE batch_id = $1 ORDER BY number;

-- name: invoice_title :exec
UPDATE invoice SET buyer = $3, tax_no = $4, mailbox = $5, version = version + 1 WHERE id = $1 AND version = $2;

-- name: invoice_issued :exec
UPDATE invoice SET number = $3, issued_at = $4, batch_id = $5, version = version + 1
WHERE id = $1 AND version = $2 AND number = '';

-- name: invoice_mailed :exec
UPDATE invoice SET mailbox = $3, mailed_at = $4, mails = mails + 1, version = version + 1
WHERE id = $1 AND version = $2;

-- name: invoice_red :exec
UPDATE invoice SET red_number = $3, version = version + 1 WHERE id = $1 AND version = $2 AND red_number = '';

-- name: invoice_next :exec
INSERT INTO invoice_counter (name, last) VALUES ($1, 1)
ON CONFLICT (name) DO UPDATE SET last = invoice_counter.last + 1;

-- name: invoice_last :one
SELECT last FROM invoice_counter WHERE name = $1;

-- name: invoice_file_add :exec
INSERT INTO invoice_file (invoice_id, format, sha256, content) VALUES ($1, $2, $3, $4);

-- name: invoice_file_get :one
SELECT sha256, content FROM invoice_file WHERE invoice_id = $1 AND format = $2;

-- name: invoice_batch_add :exec
INSERT INTO invoice_batch (id, month, batch_day, begun_at, issued_at, by_id, by_name) VALUES ($1, $2, $3, $4, 0, $5, $6);

-- name: invoice_batch_open :many
SELECT id, month, batch_day, begun_at, issued_at, by_name FROM invoice_batch WHERE issued_at = 0 ORDER BY id LIMIT 1;

-- name: invoice_batch_done :exec
UPDATE invoice_batch SET issued_at = $2 WHERE id = $1 AND issued_at = 0;

-- name: invoice_batch_get :one
SELECT id, month, batch_day, begun_at, issued_at, by_name FROM invoice_batch WHERE id = $1;

-- name: invoice_batch_page :many
SELECT b.id, b.month, b.batch_day, b.begun_at, b.issued_at, b.by_name, COUNT(i.id) AS n,
    CAST(COALESCE(SUM(i.amount_fen), 0) AS BIGINT) AS total_fen, CAST(COALESCE(SUM(i.tax_fen), 0) AS BIGINT) AS tax_fen,
    CAST(COALESCE(SUM(CASE WHEN i.mails > 0 THEN 1 ELSE 0 END), 0) AS BIGINT) AS delivered
FROM invoice_batch b LEFT JOIN invoice i ON i.batch_id = b.id
WHERE b.id < $1
GROUP BY b.id, b.month, b.batch_day, b.begun_at, b.issued_at, b.by_name
ORDER BY b.id DESC LIMIT $2;

-- name: invoice_erase :exec
UPDATE invoice SET mailbox = $2, version = version + 1 WHERE order_id = $1;
