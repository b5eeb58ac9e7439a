-- What finance lists: money by its trade number, and the ledger's sums, which read the index alone.
CREATE INDEX payment_money_trade ON payment_money (trade_no);
CREATE INDEX payment_exception_money ON payment_exception (money_id);
CREATE INDEX payment_ledger_debit ON payment_ledger (debit, at, amount_fen);
CREATE INDEX payment_ledger_credit ON payment_ledger (credit, at, amount_fen);
