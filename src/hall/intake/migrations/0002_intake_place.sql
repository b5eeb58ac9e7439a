-- Where a person finds a row (empty rows of a sheet count), and what the file was read as. 0 and '': imported before.
ALTER TABLE intake_row ADD COLUMN place INTEGER NOT NULL DEFAULT 0;
ALTER TABLE intake_batch ADD COLUMN encoding TEXT NOT NULL DEFAULT '';
