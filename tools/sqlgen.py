#!/usr/bin/env python3
"""Make a C module of one folder's SQL: sqlgen.py MODULE OUT.h OUT.c FILE.sql...

Files whose path holds a folder `migrations` are migrations, numbered from 0001 without a gap; all others
hold statements:

    -- name: order_get :one            (:one, :many or :exec; the name starts with the module's name)
    SELECT id, version FROM orders WHERE id = $1;

    -- name: order_get :one @postgres  (takes the place of the common text on that database)

Statement and migration texts are the same for SQLite and PostgreSQL. Written differently for PostgreSQL:
INTEGER becomes BIGINT, BLOB becomes BYTEA, x'00' becomes a bytea literal, INTEGER PRIMARY KEY AUTOINCREMENT
becomes an identity column, TEXT columns get COLLATE "C" (the order of bytes, as in SQLite). For SQLite $1
becomes ?1 and tables become STRICT. In a migration a comment line `-- @postgres` or `-- @sqlite` keeps the
next statement for that database alone.

Every result column has a name: a plain column or `AS name`; `*` is refused.
"""
import hashlib
import os
import re
import sys

TOKEN = re.compile(
    r"""(?P<space>\s+)|(?P<comment>--[^\n]*|/\*.*?\*/)|(?P<blob>[xX]'[0-9A-Fa-f]*')|(?P<string>'(?:[^']|'')*')"""
    r"""|(?P<dollar>\$\$.*?\$\$)|(?P<quoted>"(?:[^"]|"")*")|(?P<param>\$[0-9]+)|(?P<number>[0-9][0-9A-Za-z_.]*)"""
    r"""|(?P<word>[A-Za-z_][A-Za-z0-9_]*)|(?P<op>\|\||::|<=|>=|<>|!=|->>|->|.)""", re.S)
TYPES = ('INTEGER', 'TEXT', 'BLOB')
CONSTRAINTS = ('PRIMARY', 'UNIQUE', 'CHECK', 'FOREIGN', 'CONSTRAINT')
VERBS = ('SELECT', 'INSERT', 'UPDATE', 'DELETE', 'VALUES')
# The store's own business, or one database's.
KEPT_BACK = ('BEGIN', 'COMMIT', 'ROLLBACK', 'SAVEPOINT', 'RELEASE', 'PRAGMA', 'VACUUM', 'ATTACH', 'DETACH', 'SET', 'COPY')
DATABASES = ('sqlite', 'postgres')


class Refused(Exception):
    pass


class Token:
    def __init__(self, kind, text, line):
        self.kind, self.text, self.line = kind, text, line

    def is_word(self, *words):
        return self.kind == 'word' and self.text.upper() in words


def tokens(path, text, first_line):
    out, line = [], first_line
    for m in TOKEN.finditer(text):
        if m.lastgroup == 'op' and m.group() in "'\"?":
            raise Refused(f'{path}:{line}: unexpected {m.group()} (a quote without end, or a ? parameter)')
        if m.lastgroup not in ('space',):
            out.append(Token(m.lastgroup, m.group(), line))
        line += m.group().count('\n')
    return out


def depths(toks):
    """Depth of parentheses at each token; the parentheses themselves count as outside."""
    out, d = [], 0
    for t in toks:
        if t.text == ')' and t.kind == 'op':
            d -= 1
        out.append(d)
        if t.text == '(' and t.kind == 'op':
            d += 1
    return out


def join(texts):
    """Words with single spaces, none where punctuation needs none."""
    s = ''
    for t in texts:
        tight = not s or s[-1] in '(.' or t[0] in '),.;' or s.endswith('::') or t == '::'
        s += t if tight else ' ' + t
    return s


def one_name(t):
    return t.text[1:-1].replace('""', '"') if t.kind == 'quoted' else t.text


def column_name(path, item):
    if len(item) >= 3 and item[-2].is_word('AS') and item[-1].kind in ('word', 'quoted'):
        return one_name(item[-1])
    plain = len(item) == 1 or (len(item) == 3 and item[1].text == '.' and item[0].kind in ('word', 'quoted'))
    if plain and item[-1].kind in ('word', 'quoted'):
        return one_name(item[-1])
    line = item[0].line if item else 0
    raise Refused(f'{path}:{line}: result column `{join([t.text for t in item])}` needs AS name')


def columns(path, toks):
    """Names of the result columns; an empty list where there are none."""
    deep = depths(toks)
    top = [t for t, d in zip(toks, deep) if d == 0 and t.kind == 'word']
    verb = next((t for t in top if t.is_word(*VERBS)), None)
    if verb is None:
        return []
    if verb.is_word('SELECT'):
        start = toks.index(verb) + 1
        while toks[start].is_word('DISTINCT', 'ALL'):
            start += 1
        stops = ('FROM', 'WHERE', 'UNION', 'ORDER', 'LIMIT', 'GROUP', 'INTERSECT', 'EXCEPT')
    else:
        returning = next((t for t in top if t.is_word('RETURNING')), None)
        if returning is None:
            return []
        start, stops = toks.index(returning) + 1, ()
    items, item = [], []
    for i in range(start, len(toks)):
        t = toks[i]
        if deep[i] == 0 and t.is_word(*stops) and not toks[i - 1].is_word('DISTINCT'):
            break
        if deep[i] == 0 and t.text == ',' and t.kind == 'op':
            items.append(item)
            item = []
        else:
            item.append(t)
    items.append(item)
    names = [column_name(path, x) for x in items]
    if len(set(names)) != len(names):
        raise Refused(f'{path}:{verb.line}: two result columns of one name')
    return names


def for_postgres(toks, i, in_columns):
    t = toks[i]
    if t.kind == 'blob':
        return "'\\x" + t.text[2:-1] + "'::bytea"
    if t.is_word('INTEGER'):
        return 'BIGINT'
    if t.is_word('BLOB'):
        return 'BYTEA'
    if in_columns and t.is_word('TEXT') and not toks[i - 1].is_word('AS'):
        return 'TEXT COLLATE "C"'
    return t.text


def params(path, line, toks):
    used = {int(t.text[1:]) for t in toks if t.kind == 'param'}
    if used != set(range(1, len(used) + 1)):
        raise Refused(f'{path}:{line}: parameters must be $1 to $n without a gap')
    return len(used)


NAME = re.compile(r'^--\s*name:\s*(\S+)\s+:(one|many|exec)(?:\s+@(\w+))?\s*$', re.M)


def content(path):
    with open(path, 'rb') as f:
        return f.read()


def read_statements(path, module, found):
    text = content(path).decode('utf-8')
    heads = list(NAME.finditer(text))
    if text.count('-- name:') != len(heads):
        raise Refused(f'{path}: a `-- name:` line is not `-- name: x :one|:many|:exec [@database]`')
    if [t for t in tokens(path, text[:heads[0].start()] if heads else text, 1) if t.kind != 'comment']:
        raise Refused(f'{path}: SQL before the first `-- name:`')
    for i, h in enumerate(heads):
        end = heads[i + 1].start() if i + 1 < len(heads) else len(text)
        line = text.count('\n', 0, h.start()) + 1
        add_statement(path, line, module, h.groups(), tokens(path, text[h.end():end], line), found)


def add_statement(path, line, module, head, toks, found):
    name, kind, database = head
    where = f'{path}:{line}'
    if not re.fullmatch(r'[a-z][a-z0-9_]*', name) or not name.startswith(module + '_'):
        raise Refused(f'{where}: `{name}` must be lower case and start with `{module}_`')
    if database not in (None,) + DATABASES:
        raise Refused(f'{where}: @{database} is not @sqlite or @postgres')
    toks = [t for t in toks if t.kind != 'comment']
    if toks and toks[-1].text == ';':
        toks.pop()
    if not toks or any(t.text == ';' and t.kind == 'op' for t in toks):
        raise Refused(f'{where}: one statement, please')
    if toks[0].is_word(*KEPT_BACK):
        raise Refused(f'{where}: {toks[0].text} is not for a statement')
    s = {'name': name, 'kind': kind, 'params': params(path, line, toks), 'columns': columns(path, toks), 'where': where}
    if (kind == 'exec') != (not s['columns']):
        raise Refused(f'{where}: :{kind} does not fit, the statement has {len(s["columns"])} result columns')
    s['sqlite'] = join(['?' + t.text[1:] if t.kind == 'param' else t.text for t in toks])
    s['postgres'] = join([for_postgres(toks, i, False) for i in range(len(toks))])
    entry = found.setdefault(name, {})
    if database in entry:
        raise Refused(f'{where}: `{name}` is there twice')
    entry[database] = s


def settle(found):
    """One statement for each name, overrides put in."""
    out = []
    for name, entry in found.items():
        texts = {d: entry.get(d) or entry.get(None) for d in DATABASES}
        if None in texts.values():
            raise Refused(f'{name}: has no text for one of the databases')
        a, b = texts['sqlite'], texts['postgres']
        for key in ('kind', 'params', 'columns'):
            if a[key] != b[key]:
                raise Refused(f'{b["where"]}: {key} differ from {a["where"]}')
        out.append({**a, 'postgres': b['postgres']})
    return out


def split_statements(toks):
    """Statements of a migration, each with the database it is for; a trigger's body is one statement."""
    out, now, only, nested = [], [], None, 0
    for t in toks:
        if t.kind == 'comment':
            m = re.fullmatch(r'--\s*@(\w+)\s*', t.text)
            if m and m.group(1) in DATABASES and not now:
                only = m.group(1)
            elif m:
                raise Refused(f'line {t.line}: @{m.group(1)} must stand before a statement and be @sqlite or @postgres')
            continue
        trigger = len(now) > 1 and now[0].is_word('CREATE') and any(x.is_word('TRIGGER') for x in now[:3])
        if trigger and t.is_word('BEGIN', 'CASE'):
            nested += 1
        elif trigger and nested and t.is_word('END'):
            nested -= 1
        if t.text == ';' and t.kind == 'op' and not nested:
            if now:
                out.append((only, now))
            now, only = [], None
        else:
            now.append(t)
    if now:
        out.append((only, now))
    return out


def check_columns(path, toks):
    """Columns are INTEGER, TEXT or BLOB: what both databases store alike."""
    if toks[0].is_word('ALTER'):
        i = next((i for i, t in enumerate(toks) if t.is_word('ADD')), None)
        if i is None:
            return
        i += 2 if toks[i + 1].is_word('COLUMN') else 1
        starts = [] if toks[i].is_word(*CONSTRAINTS) else [i]
    else:
        deep = depths(toks)
        starts = [i + 1 for i, t in enumerate(toks[:-1])
                  if t.kind == 'op' and ((t.text == '(' and deep[i] == 0) or (t.text == ',' and deep[i] == 1))]
        starts = [i for i in starts if not toks[i].is_word(*CONSTRAINTS)]
        last = next((i for i, t in enumerate(toks) if t.text == ')' and deep[i] == 0), len(toks))
        starts = [i for i in starts if i < last]
    for i in starts:
        if not toks[i + 1].is_word(*TYPES):
            raise Refused(f'{path}:{toks[i].line}: column {toks[i].text} must be INTEGER, TEXT or BLOB')


def migration_statement(path, toks, database):
    if toks[0].is_word(*KEPT_BACK):
        raise Refused(f'{path}:{toks[0].line}: {toks[0].text} is not for a migration')
    table = toks[0].is_word('CREATE') and toks[1].is_word('TABLE')
    alter = toks[0].is_word('ALTER') and toks[1].is_word('TABLE')
    if table or alter:
        check_columns(path, toks)
    if database == 'sqlite':
        strict = ', STRICT' if toks[-1].is_word('ROWID') else ' STRICT'
        return join([t.text for t in toks]) + (strict if table else '')
    s = join([for_postgres(toks, i, table or alter) for i in range(len(toks))])
    s = re.sub(r'BIGINT PRIMARY KEY AUTOINCREMENT', 'BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY', s, flags=re.I)
    return re.sub(r'\) WITHOUT ROWID$', ')', s, flags=re.I)


def read_migration(path):
    m = re.fullmatch(r'([0-9]{4})_([a-z0-9_]+)\.sql', os.path.basename(path))
    if not m:
        raise Refused(f'{path}: a migration is called NNNN_name.sql')
    raw = content(path)
    texts = {d: [] for d in DATABASES}
    try:
        parts = split_statements(tokens(path, raw.decode('utf-8'), 1))
    except Refused as why:
        raise Refused(f'{path}: {why}') from why
    for only, toks in parts:
        for d in DATABASES:
            if only in (None, d):
                texts[d].append(migration_statement(path, toks, d) + ';')
    return {'number': int(m.group(1)), 'name': m.group(2), 'sum': hashlib.sha256(raw).hexdigest(),
            **{d: '\n'.join(texts[d]) for d in DATABASES}}


def literal(s, indent='     '):
    def quote(line):
        out = ''
        for b in line.encode('utf-8'):
            out += '\\' + chr(b) if chr(b) in '"\\' else chr(b) if 32 <= b < 127 else f'\\{b:03o}'
        return out.replace('??', '?\\?')
    lines = s.split('\n')
    return ('\n' + indent).join('"' + quote(x) + ('\\n' if i + 1 < len(lines) else '') + '"' for i, x in enumerate(lines))


def header(module, statements):
    guard = f'CERTHALL_{module.upper()}_SQL_H'
    out = [f'/* Made by tools/sqlgen.py of the SQL of `{module}`. */', f'#ifndef {guard}', f'#define {guard}', '',
           '#include "store/store.h"', '']
    for s in statements:
        cols = ': ' + ', '.join(s['columns']) if s['columns'] else ''
        out.append(f'extern const struct store_query Q_{s["name"]}; /* :{s["kind"]}, {s["params"]} parameters{cols} */')
    out += ['', f'extern const struct store_module {module}_sql;', '', '#endif', '']
    return '\n'.join(out)


def source(module, statements, migrations, include):
    out = [f'/* Made by tools/sqlgen.py of the SQL of `{module}`. */', f'#include "{include}"', '', '#include <stddef.h>', '']
    for s in statements:
        if s['columns']:
            names = ', '.join(f'"{c}"' for c in s['columns'])
            out.append(f'static const char *const columns_{s["name"]}[] = {{{names}}};')
        cols = f'columns_{s["name"]}' if s['columns'] else 'NULL'
        out.append(f'const struct store_query Q_{s["name"]} = {{"{s["name"]}", STORE_QUERY_{s["kind"].upper()}, '
                   f'{s["params"]}, {len(s["columns"])}, {cols},\n     {literal(s["sqlite"])},\n     {literal(s["postgres"])}}};')
    out.append(f'\nstatic const struct store_query *const queries[] = {{')
    out += [f'    &Q_{s["name"]},' for s in statements] + ['    NULL,', '};', '']
    out.append('static const struct store_migration migrations[] = {')
    for m in migrations:
        out.append(f'    {{{m["number"]}, "{m["name"]}", "{m["sum"]}",\n     {literal(m["sqlite"])},\n     {literal(m["postgres"])}}},')
    out += ['    {0, NULL, NULL, NULL, NULL},', '};', '',
            f'const struct store_module {module}_sql = {{"{module}", queries, {len(statements)}, migrations, {len(migrations)}}};', '']
    return '\n'.join(out)


def main(argv):
    if len(argv) < 4:
        print(__doc__, file=sys.stderr)
        return 2
    module, out_h, out_c = argv[1:4]
    found, migrations = {}, []
    try:
        if not re.fullmatch(r'[a-z][a-z0-9_]*', module):
            raise Refused(f'{module}: not a module name')
        for path in argv[4:]:
            if 'migrations' in path.split(os.sep)[:-1]:
                migrations.append(read_migration(path))
            else:
                read_statements(path, module, found)
        migrations.sort(key=lambda m: m['number'])
        if [m['number'] for m in migrations] != list(range(1, len(migrations) + 1)):
            raise Refused(f'{module}: migrations must be numbered from 0001 without a gap')
        statements = settle(found)
    except (Refused, OSError, UnicodeDecodeError) as why:
        print(f'sqlgen: {why}', file=sys.stderr)
        return 1
    with open(out_h, 'w', encoding='utf-8') as f:
        f.write(header(module, statements))
    with open(out_c, 'w', encoding='utf-8') as f:
        f.write(source(module, statements, migrations, os.path.basename(out_h)))
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv))
