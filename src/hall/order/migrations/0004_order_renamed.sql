-- Orders that carry another name than their institution are few, and found by it too.
CREATE INDEX orders_renamed ON orders (id) WHERE name_changed = 1;
