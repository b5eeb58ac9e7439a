CREATE TABLE part (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    thing INTEGER NOT NULL REFERENCES thing (id),
    label TEXT NOT NULL DEFAULT 'a;b -- no comment',
    CHECK (length(label) > 0)
);
-- @sqlite
CREATE TRIGGER part_stays BEFORE DELETE ON part BEGIN
    SELECT CASE WHEN old.label = 'stays' THEN RAISE(ABORT, 'stays') END;
END;
-- @postgres
CREATE FUNCTION part_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF old.label = 'stays' THEN RAISE EXCEPTION USING ERRCODE = '23514', MESSAGE = 'stays'; END IF;
    RETURN old;
END $$;
-- @postgres
CREATE TRIGGER part_stays BEFORE DELETE ON part FOR EACH ROW EXECUTE FUNCTION part_stays();
