-- What a notice is about: maintenance, agreement, hours, general.
ALTER TABLE notice ADD COLUMN kind TEXT NOT NULL DEFAULT 'general';
UPDATE notice SET kind = 'maintenance' WHERE important = 1;
