-- After money that goes back a gateway takes no second payment under the same number: the next attempt has one of its own.
ALTER TABLE payment ADD COLUMN attempt INTEGER NOT NULL DEFAULT 1;
ALTER TABLE payment ADD COLUMN waiting_since INTEGER NOT NULL DEFAULT 0;  -- machine time: when the order was to be given up and the gateway had not answered; 0: not
ALTER TABLE payment_money ADD COLUMN attempt INTEGER NOT NULL DEFAULT 1;  -- under whose number it came
