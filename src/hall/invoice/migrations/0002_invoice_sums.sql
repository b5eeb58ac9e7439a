-- The list of batches sums up each: with what it sums in the index, no invoice is read.
DROP INDEX invoice_batch_of;
CREATE INDEX invoice_batch_of ON invoice (batch_id, amount_fen, tax_fen, mails);
