-- Rows as they stand after what happened to them, for a demo that is filled at once. Every concept's own statements make
-- rows as they begin.

-- name: seed_known :one
SELECT COUNT(*) AS n FROM account WHERE project = $1 AND reporting_code = $2;

-- name: seed_batch :exec
INSERT INTO intake_batch (id, project, batch, name, by_name, signer, at, row_n, added, corrected, withdrawn, ca_state, encoding)
VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, 0, 0, 'taken', 'UTF-8');

-- name: seed_batch_rows :exec
UPDATE intake_batch SET row_n = $2, added = $2 WHERE id = $1;

-- name: seed_institution :exec
INSERT INTO institution (id, uscc, name, created_at, version) VALUES ($1, $2, $3, $4, 1);

-- name: seed_institution_name :exec
INSERT INTO institution_name (id, institution, name, source, from_at) VALUES ($1, $2, $3, $4, $5);

-- name: seed_institution_part :exec
INSERT INTO institution_part (part, institution)
WITH RECURSIVE place (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM place WHERE i < LENGTH(CAST($2 AS TEXT)))
SELECT DISTINCT SUBSTR(CAST($2 AS TEXT), i, 2), CAST($1 AS BIGINT) FROM place WHERE i > 0;

-- name: seed_account :exec
INSERT INTO account (id, project, reporting_code, user_name, institution, code_index, state, usable_from,
    usable_provisional, handler, mobile, email, mobile_index, email_index, loaded_at, version)
VALUES ($1, $2, $3, $4, $5, $6, 'IN_USE', $7, 0, $8, $9, $10, $11, $12, $13, 2);

-- name: seed_intake_row :exec
INSERT INTO intake_row (id, batch_id, number, account, action, institution_name, reporting_code, user_name, uscc, hash, place)
VALUES ($1, $2, $3, $4, 'add', $5, $6, $7, $8, $9, $10);

-- name: seed_order :exec
INSERT INTO orders (id, version, project, profile, type, account_id, institution_id, institution_name, name_changed,
    application, payment, invoice, fulfilment, papers, passed, grp, is_open, holds_limit, amount_fen, fee_rule, price_until,
    in_place, revision, agreement, agreement_hash, created_at, updated_at, submitted_at, paid_at, ended_at, kept_until)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, $10, $11, $12, '', 0, $13, $14, $15, $16, $17, $18, 0, $19, $20, $21, $22,
    $23, $24, $25, $26, $27);

-- name: seed_form_section :exec
INSERT INTO form_section (order_id, section, rev, saved_at, typed, original) VALUES ($1, $2, $3, $4, $5, $6);

-- name: seed_form_revision :exec
INSERT INTO form_revision (order_id, revision, made_at, content) VALUES ($1, 1, $2, $3);

-- name: seed_log :exec
INSERT INTO order_log (id, order_id, at, flow_row, event, actor_kind, actor_id, who, what)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: seed_timer :exec
INSERT INTO order_timer (order_id, name, event, due_at) VALUES ($1, $2, $3, $4);

-- name: seed_message :exec
INSERT INTO order_message (id, account_id, order_id, at, title_zh, title_en, text_zh, text_en, seen)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: seed_payment :exec
INSERT INTO payment (order_id, amount_fen, free_rule, price_until, method, subject, page_until, asked_at)
VALUES ($1, $2, '', $3, $4, $5, 0, 0);

-- name: seed_money :one
INSERT INTO payment_money (order_id, method, trade_no, amount_fen, at, purpose, refund_no, refund_state)
VALUES ($1, $2, $3, $4, $5, 'payment', '', 'none') RETURNING id;

-- name: seed_ledger :exec
INSERT INTO payment_ledger (key, at, order_id, debit, credit, amount_fen, what) VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: seed_production :exec
INSERT INTO production (order_id, version, project, state, queued_at, made_at, maker, maker_name, quality_at, quality_who,
    quality_passed, quality_reason, waits_for_ca)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, '', 0);

-- name: seed_ukey :exec
INSERT INTO ukey (serial, project, model, batch, state, version, order_id, account_id, stocked_at, shipped_at, first_pin_at,
    admin_version, release_open, user_left, user_max, admin_left, admin_max)
VALUES ($1, $2, 'soft', 'seeded', $3, $4, $5, $6, $7, $8, $9, 1, 0, $10, $10, 10, 10);

-- name: seed_ukey_line :exec
INSERT INTO ukey_line (id, serial, at, row_id, state, order_id, who) VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: seed_certificate :exec
INSERT INTO certificate (id, version, order_id, attempt, account_id, project, institution, ukey, state, request_id, revision, profile,
    csr, key_hash, ask_from, ask_until, batch, batch_row, maker, maker_signature, serial, der, fingerprint, subject, issuer,
    algorithm, not_before, not_after, requested_at, issued_at, changed_at, reason, wish, wish_no, wish_done, wish_actor,
    wish_second)
VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9, '1', $10, x'00', $11, $12, $13, $14, $15, '', x'00', $16, x'', $17, $18, $19, $20, $21, $22,
    $23, $24, $25, $26, '', 0, 0, '', '');

-- name: seed_certificate_line :exec
INSERT INTO certificate_line (id, certificate_id, at, row_id, state, who, reason) VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: seed_delivery :exec
INSERT INTO delivery (id, order_id, courier, number, serial, sent_to, sent_at, sent_by_id, sent_by, signed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: seed_invoice :exec
INSERT INTO invoice (id, order_id, version, batch_id, project, kind, item, amount_fen, tax_fen, vat_percent, batch_day,
    buyer, tax_no, mailbox, number, red_number, opened_at, issued_at, mailed_at, mails)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, '', $16, $17, $17, $18);

-- name: seed_invoice_batch :exec
INSERT INTO invoice_batch (id, month, batch_day, begun_at, issued_at, by_id, by_name) VALUES ($1, $2, $3, $4, $4, $5, $6);

-- name: seed_invoice_counter :one
SELECT COALESCE(MAX(last), 0) AS last FROM invoice_counter WHERE name = $1;

-- name: seed_invoice_counter_put :exec
INSERT INTO invoice_counter (name, last) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET last = $2;

-- name: seed_task :exec
INSERT INTO task (id, order_id, kind, project, subject, role, note, opened_at, due_at, due_sort, provisional,
    claimed_by, claimed_name, lease_until, closed_at, open_key, version)
VALUES ($1, $2, $3, $4, '', $5, '', $6, $7, $8, $9, 0, '', 0, $10, $11, $12);

-- name: seed_clock :exec
INSERT INTO task_clock (order_id, name, owner, started_at, due_at, provisional, paused_at, stopped_at, alarm_at)
VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8);
