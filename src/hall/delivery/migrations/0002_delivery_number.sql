-- A courier's number is searched for by its beginning.
CREATE INDEX delivery_number ON delivery (number);
