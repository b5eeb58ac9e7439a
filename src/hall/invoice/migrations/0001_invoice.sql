-- Invoices, their files, the numbers given out, and the monthly batches. Amounts are fen, times business time.

CREATE TABLE invoice (
    id INTEGER NOT NULL PRIMARY KEY,
    order_id INTEGER NOT NULL UNIQUE,
    version INTEGER NOT NULL,
    batch_id INTEGER NOT NULL,          -- 0: not issued in a batch
    project TEXT NOT NULL,
    kind TEXT NOT NULL,
    item TEXT NOT NULL,
    amount_fen INTEGER NOT NULL,
    tax_fen INTEGER NOT NULL,           -- contained in the amount
    vat_percent INTEGER NOT NULL,
    batch_day INTEGER NOT NULL,         -- China day; 0: none
    buyer TEXT NOT NULL,
    tax_no TEXT NOT NULL,
    mailbox BLOB NOT NULL,              -- sealed
    number TEXT NOT NULL,               -- "" until issued
    red_number TEXT NOT NULL,           -- of the red-letter invoice that takes it back
    opened_at INTEGER NOT NULL,
    issued_at INTEGER NOT NULL,
    mailed_at INTEGER NOT NULL,
    mails INTEGER NOT NULL
);
CREATE UNIQUE INDEX invoice_number ON invoice (number) WHERE number <> '';
CREATE INDEX invoice_waiting ON invoice (batch_day) WHERE number = '';
CREATE INDEX invoice_batch_of ON invoice (batch_id);

-- "pdf", "xml", and those of the red-letter invoice: "red.pdf", "red.xml".
CREATE TABLE invoice_file (
    invoice_id INTEGER NOT NULL,
    format TEXT NOT NULL,
    sha256 TEXT NOT NULL,               -- of the file, hex
    content BLOB NOT NULL,              -- sealed
    PRIMARY KEY (invoice_id, format)
);

CREATE TABLE invoice_counter (
    name TEXT NOT NULL PRIMARY KEY,     -- provider and year
    last INTEGER NOT NULL
);

CREATE TABLE invoice_batch (
    id INTEGER NOT NULL PRIMARY KEY,
    month TEXT NOT NULL,                -- YYYY-MM
    batch_day INTEGER NOT NULL,
    begun_at INTEGER NOT NULL,
    issued_at INTEGER NOT NULL,         -- 0: it goes on
    by_id INTEGER NOT NULL,
    by_name TEXT NOT NULL
);
CREATE UNIQUE INDEX invoice_batch_one ON invoice_batch (issued_at) WHERE issued_at = 0;
