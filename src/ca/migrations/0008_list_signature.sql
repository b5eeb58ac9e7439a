-- What was signed is recorded by its signature, as it stands at the list's end: the sum of a long list costs as much as signing it.
ALTER TABLE ca_crl RENAME COLUMN sha256 TO signature;
