-- What an order owes, which money came for it, what was given back, and the ledger of it all. Amounts are fen.

CREATE TABLE payment (
    order_id INTEGER NOT NULL PRIMARY KEY,
    amount_fen INTEGER NOT NULL,
    free_rule TEXT NOT NULL,            -- id of the rule that made it free, "" where something is due
    price_until INTEGER NOT NULL,       -- business time: end of the price freeze (G-33)
    method TEXT NOT NULL,               -- of the page that is or was open; "" before
    subject TEXT NOT NULL,
    page_until INTEGER NOT NULL,        -- machine time: the page is open until then; 0: none open
    asked_at INTEGER NOT NULL           -- machine time: when the gateway was last asked; 0: never
);

-- Money that came: one row for each transaction of a gateway, whatever it was for.
CREATE TABLE payment_money (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    order_id INTEGER NOT NULL,
    method TEXT NOT NULL,
    trade_no TEXT NOT NULL,
    amount_fen INTEGER NOT NULL,
    at INTEGER NOT NULL,                -- business time
    purpose TEXT NOT NULL,              -- payment | suspense
    refund_no TEXT NOT NULL,            -- "" while nothing is to be given back
    refund_state TEXT NOT NULL,         -- none | asked | sent | done
    UNIQUE (method, trade_no)
);
CREATE INDEX payment_money_order ON payment_money (order_id);

-- What went wrong and wants finance's eye: wrong_amount, duplicate, late, bad_signature, unanswered.
CREATE TABLE payment_exception (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    order_id INTEGER NOT NULL,
    money_id INTEGER,
    kind TEXT NOT NULL,
    detail TEXT NOT NULL,
    at INTEGER NOT NULL
);
CREATE INDEX payment_exception_order ON payment_exception (order_id);

-- Double entry: each line moves one amount from the credit to the debit account, so the sums agree by construction and the
-- balances by rule. `key` makes a booking happen once.
CREATE TABLE payment_ledger (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    at INTEGER NOT NULL,
    order_id INTEGER NOT NULL,
    debit TEXT NOT NULL,
    credit TEXT NOT NULL,
    amount_fen INTEGER NOT NULL,
    what TEXT NOT NULL                  -- receipt | suspense | allocate | refund | invoice | vat
);
CREATE INDEX payment_ledger_order ON payment_ledger (order_id);
