-- What names are found by, those of the past too: every two letters that follow each other, and the last one alone. Who
-- looks for a part of a name reads the rarest of its pairs, never all names.
CREATE TABLE institution_part (
    part TEXT NOT NULL,
    institution INTEGER NOT NULL,
    PRIMARY KEY (part, institution)
);
INSERT INTO institution_part (part, institution)
WITH RECURSIVE place (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM place WHERE i < 400)
SELECT DISTINCT SUBSTR(n.name, p.i, 2), n.institution FROM institution_name n JOIN place p ON p.i <= LENGTH(n.name);
