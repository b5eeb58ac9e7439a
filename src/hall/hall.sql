-- What the hall keeps of its own processes.

-- name: hall_worker_list :many
SELECT worker, until_at FROM hall_worker ORDER BY worker;

-- name: hall_worker_take :exec
INSERT INTO hall_worker (worker, holder, until_at) VALUES ($1, $2, $3)
ON CONFLICT (worker) DO UPDATE SET holder = $2, until_at = $3 WHERE hall_worker.until_at < $4;

-- name: hall_worker_renew :exec
UPDATE hall_worker SET until_at = $3 WHERE worker = $1 AND holder = $2;
