-- When a clock that still runs is told of before it is over; 0: not, or it was told.
ALTER TABLE task_clock ADD COLUMN alarm_at INTEGER NOT NULL DEFAULT 0;
CREATE INDEX task_clock_alarm ON task_clock (alarm_at) WHERE alarm_at > 0;
DROP INDEX task_clock_running;
