-- Pairs: `pair` is the id of the other certificate, 0 of a single one. `sealed`, of the encryption certificate alone: its
-- private key as the kmc sealed it to the UKey's signing key (SM2: ENVELOPEDKEYBLOB; RSA: rsa_envelope_seal of pki/envelope.h).
-- State `void`: an intent of which nothing was signed, or no signature ever left; its request id and key are free again.
ALTER TABLE ca_certificate ADD COLUMN pair INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ca_certificate ADD COLUMN sealed BLOB;
