-- The log of a day.
CREATE INDEX audit_row_at ON audit_row (at, id);
