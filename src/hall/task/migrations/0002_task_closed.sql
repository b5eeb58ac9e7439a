-- What was done today.
CREATE INDEX task_closed ON task (closed_at);
