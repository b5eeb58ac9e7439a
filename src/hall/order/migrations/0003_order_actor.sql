-- Rules compare who did something by id, never by name: account or staff; 0: the system, and rows written before this.
ALTER TABLE order_log ADD COLUMN actor_id INTEGER NOT NULL DEFAULT 0;
CREATE INDEX order_log_actor ON order_log (order_id, event, actor_id);
