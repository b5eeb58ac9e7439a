"""sqlgen refuses what the two databases would not do alike, and writes each database's own text."""
import os
import subprocess
import sys
import tempfile
import unittest

SQLGEN = os.path.join(os.path.dirname(__file__), '..', '..', 'tools', 'sqlgen.py')


def content(path):
    if not os.path.exists(path):
        return ''
    with open(path, encoding='utf-8') as f:
        return f.read()


def run(module, **files):
    """Run sqlgen on files of the given content; returns (status, error text, header, source)."""
    with tempfile.TemporaryDirectory() as d:
        os.mkdir(f'{d}/migrations')
        paths = []
        for name, text in files.items():
            path = f'{d}/migrations/{name[1:]}.sql' if name.startswith('m0') else f'{d}/{name}.sql'
            with open(path, 'w', encoding='utf-8') as f:
                f.write(text)
            paths.append(path)
        r = subprocess.run([sys.executable, SQLGEN, module, f'{d}/x_sql.h', f'{d}/x_sql.c', *paths],
                           capture_output=True, text=True)
        return r.returncode, r.stderr, content(f'{d}/x_sql.h'), content(f'{d}/x_sql.c')


def statement(text, head='-- name: x_get :one'):
    return run('x', x=f'{head}\n{text}\n')


class Statements(unittest.TestCase):
    def written(self, text, head='-- name: x_get :one'):
        status, error, _, source = statement(text, head)
        self.assertEqual((status, error), (0, ''))
        return source

    def refused(self, why, text, head='-- name: x_get :one'):
        status, error, header, source = statement(text, head)
        self.assertEqual(status, 1)
        self.assertIn(why, error)
        self.assertEqual(header + source, '', 'nothing is written')

    def test_columns_are_found_in_every_shape_of_statement(self):
        for text, names in (
                ('SELECT a, t.b, count(*) AS n, CASE WHEN a = 1 THEN 2 ELSE 3 END AS "odd one" FROM t', 'a b n odd one'),
                ('SELECT DISTINCT a FROM t', 'a'),
                ('WITH c AS (SELECT z AS y FROM t) SELECT y FROM c UNION SELECT a FROM t', 'y'),
                ('SELECT a IS DISTINCT FROM b AS differs FROM t', 'differs'),
                ('SELECT (SELECT max(q) FROM u) AS top', 'top'),
                ('INSERT INTO t (a) SELECT b FROM u RETURNING a, b', 'a b'),
                ('UPDATE t SET a = $1 WHERE b = (SELECT c FROM u) RETURNING a', 'a')):
            source = self.written(text)
            found = source.split('columns_x_get[] = {')[1].split('}')[0].replace('"', '').replace(',', '')
            self.assertEqual(found, names, text)

    def test_a_column_without_a_name_is_refused(self):
        for text in ('SELECT * FROM t', 'SELECT t.* FROM t', 'SELECT count(*) FROM t', 'SELECT a + 1 FROM t',
                     'SELECT a, CASE WHEN a = 1 THEN 2 END FROM t'):
            self.refused('needs AS name', text)
        self.refused('two result columns of one name', 'SELECT a, b AS a FROM t')

    def test_the_kind_fits_the_statement(self):
        self.refused(':exec does not fit', 'SELECT a FROM t', '-- name: x_get :exec')
        self.refused(':one does not fit', 'DELETE FROM t')
        self.refused(':many does not fit', 'INSERT INTO t SELECT a FROM u', '-- name: x_get :many')

    def test_parameters_have_no_gap_and_a_text_is_no_parameter(self):
        self.refused('without a gap', 'SELECT a FROM t WHERE a = $2')
        self.refused('unexpected ?', 'SELECT a FROM t WHERE a = ?')
        source = self.written("SELECT a FROM t WHERE a = $1 AND b <> '$2' AND c > $2 AND d < $1")
        self.assertIn("a = ?1 AND b <> '$2' AND c > ?2 AND d < ?1", source)
        self.assertIn("a = $1 AND b <> '$2' AND c > $2 AND d < $1", source)
        self.assertIn('STORE_QUERY_ONE, 2, 1,', source)

    def test_one_statement_stands_alone(self):
        self.refused('one statement', 'SELECT a FROM t; DELETE FROM t')
        self.refused('one statement', '-- only a comment')
        self.refused('quote without end', "SELECT 'a AS b FROM t")
        self.refused('not for a statement', 'COMMIT', '-- name: x_end :exec')
        self.assertIn("SELECT ';' AS a", self.written("SELECT ';' AS a;"))

    def test_names_belong_to_the_module_and_are_there_once(self):
        self.refused('start with `x_`', 'SELECT a FROM t', '-- name: y_get :one')
        self.refused('not `-- name:', 'SELECT a FROM t', '-- name: x_get :some')
        self.refused('there twice', 'SELECT a FROM t\n-- name: x_get :one\nSELECT a FROM u')
        status, error, *_ = run('x', x='SELECT a FROM t;\n-- name: x_get :one\nSELECT a FROM t')
        self.assertEqual(status, 1)
        self.assertIn('before the first', error)

    def test_an_override_takes_one_database_and_keeps_the_shape(self):
        common = 'SELECT a FROM t WHERE b = $1\n-- name: x_get :one @postgres\n'
        source = self.written(common + 'SELECT a FROM t WHERE b = $1 FOR UPDATE')
        self.assertEqual(source.count('FOR UPDATE'), 1)
        self.refused('columns differ', common + 'SELECT b FROM t WHERE b = $1')
        self.refused('params differ', common + 'SELECT a FROM t')
        self.refused('no text for one', 'SELECT a FROM t', '-- name: x_get :one @sqlite')
        self.refused('not @sqlite or @postgres', 'SELECT a FROM t', '-- name: x_get :one @mysql')

    def test_types_and_blobs_are_written_for_each_database(self):
        source = self.written("SELECT CAST($1 AS INTEGER) AS i, CAST($2 AS BLOB) AS b, x'0aFF' AS c, CAST(a AS TEXT) AS t FROM t")
        self.assertIn("CAST (?1 AS INTEGER) AS i, CAST (?2 AS BLOB) AS b, x'0aFF' AS c, CAST (a AS TEXT)", source)
        self.assertIn("CAST ($1 AS BIGINT) AS i, CAST ($2 AS BYTEA) AS b, '\\\\x0aFF'::bytea AS c, CAST (a AS TEXT)", source)


class Migrations(unittest.TestCase):
    def migrate(self, *texts):
        return run('x', **{f'm{i + 1:04d}_step': t for i, t in enumerate(texts)})

    def refused(self, why, text):
        status, error, *_ = self.migrate(text)
        self.assertEqual(status, 1)
        self.assertIn(why, error)

    def test_columns_are_integer_text_or_blob(self):
        for column in ('a VARCHAR(10)', 'a BIGINT', 'a REAL', 'a', 'a BOOLEAN NOT NULL', 'a NUMERIC(3, 2)'):
            self.refused('must be INTEGER, TEXT or BLOB', f'CREATE TABLE t (k INTEGER, {column});')
        self.refused('must be INTEGER, TEXT or BLOB', 'ALTER TABLE t ADD COLUMN a JSON;')
        self.refused('must be INTEGER, TEXT or BLOB', 'ALTER TABLE t ADD a JSON;')

    def test_tables_are_written_for_each_database(self):
        status, error, _, source = self.migrate(
            'CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT, b TEXT NOT NULL, CHECK (a IN (1, 2)), UNIQUE (a, b));\n'
            'CREATE TABLE u (a BLOB PRIMARY KEY) WITHOUT ROWID;')
        self.assertEqual((status, error), (0, ''))
        self.assertIn('UNIQUE (a, b)) STRICT;', source)
        self.assertIn('WITHOUT ROWID, STRICT;', source)
        self.assertIn('a BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, b TEXT COLLATE \\"C\\" NOT NULL', source)
        self.assertIn('CREATE TABLE u (a BYTEA PRIMARY KEY);', source)

    def test_transactions_are_the_stores(self):
        self.refused('not for a migration', 'CREATE TABLE t (a INTEGER); COMMIT; CREATE TABLE u (a INTEGER);')

    def test_numbers_run_from_one_without_a_gap(self):
        status, error, *_ = run('x', m0002_step='CREATE TABLE t (a INTEGER);')
        self.assertEqual(status, 1)
        self.assertIn('without a gap', error)
        status, error, *_ = run('x', m01_step='CREATE TABLE t (a INTEGER);')
        self.assertEqual(status, 1)
        self.assertIn('NNNN_name.sql', error)

    def test_a_marked_statement_is_for_one_database(self):
        status, error, _, source = self.migrate('-- @postgres\nCREATE INDEX p ON t (a);\nCREATE INDEX b ON t (b);')
        self.assertEqual((status, error), (0, ''))
        self.assertEqual((source.count('INDEX p'), source.count('INDEX b')), (1, 2))
        self.refused('must stand before a statement', 'CREATE INDEX b\n-- @postgres\nON t (b);')


if __name__ == '__main__':
    unittest.main()
