-- Nearly every certificate is active, and nothing looks for those by their state: only intents (at a start) and what is on
-- hold or revoked (for lists) need the index. From here on `tbs` is empty once the certificate, which holds it, is there.
DROP INDEX ca_certificate_state;
CREATE INDEX ca_certificate_state ON ca_certificate (issuer_id, state, serial) WHERE state <> 'active';
