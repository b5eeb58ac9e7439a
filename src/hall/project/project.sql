-- name: project_profile_keep :exec
INSERT INTO project_profile (code, version, profile, kept_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (code, version) DO NOTHING;

-- name: project_profile_all :many
SELECT code, version, profile FROM project_profile ORDER BY kept_at, code, version;
