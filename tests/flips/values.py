"""The values of a profile and how each is flipped. What a key holds is read from docs/profile.md.

A value is whatever stands behind a key: a number is one more and one less, true and false change places, one of several
words becomes each of the others, a list loses its items one by one and gains another, an amount, a date, a code, an address
or a name is changed in its last character. Of a text in two languages the words are nobody's rule; but each language is
taken away, each placeholder is, and each number in it is one more.
"""
import dataclasses
import datetime
import re

import yaml

ANY = re.compile(r"\[\d+\]")
KEYED = re.compile(r"^(types|docs|review|notify)\.([A-Za-z_]+)")
ROW = re.compile(r"^\| `([^`]+)` \|[^|]*\| ([^|]*) \|")
BUSINESSES = ("NEW", "ADD", "REISSUE_LOST", "REISSUE_DAMAGED", "UNLOCK", "RENEW", "CHANGE", "REVOKE", "RESEND")
EVENTS = ("app.submit", "pay.open", "pay.paid", "ful.start", "ful.make", "ful.hand_over", "ful.signed", "app.pay_timeout")
# texts of which only some are good
WORDS = {"invoice.kind": ("general", "special"), "warranty.start": ("signed", "shipped", "issued"),
         "warranty.needs": ("diagnosis", "inspection", "none"),
         "project.notices[].kind": ("maintenance", "agreement", "hours", "general"),
         "templates[].kind": ("agreement", "privacy", "accessibility", "help")}


@dataclasses.dataclass
class Flip:
    """`text[start:end]` becomes `new`."""
    path: str
    what: str
    start: int
    end: int
    new: str
    was: str  # what stood there, or the word that comes or goes; "" for a part of a text
    first: int  # lines
    last: int
    words: bool = False  # of words alone: nobody but the check need notice

    @property
    def name(self):
        return f"{self.path}: {self.what}"

    def applied(self, text):
        return text[:self.start] + self.new + text[self.end:]

    def is_named(self, line, key, reason):
        """What the check says is about this value: by its line, its key or the group it stands in; or, where it contradicts
        another, it names both, or what is missing now."""
        group, _, last = self.path.rpartition(".")
        one = "[" in group or KEYED.match(group)  # not a whole section
        return self.first <= line <= self.last or key == self.path or key.startswith(self.path + "[") or \
            one and key == group or general(self.path) in reason or \
            group.endswith("]") and group in reason or \
            len(last) > 2 and bool(re.search(rf"\b{re.escape(last)}\b", reason)) or \
            len(self.was) > 2 and self.was in reason


def kinds(doc):
    with open(doc, encoding="utf-8") as f:
        rows = [ROW.match(line) for line in f]
    return {row.group(1): row.group(2).strip() for row in rows if row}


def general(path):
    """types.NEW.steps[2].title → types.*.steps[].title"""
    return KEYED.sub(r"\1.*", ANY.sub("[]", path))


def changed(text):
    """In its last letter or digit."""
    at = max(i for i, c in enumerate(text) if c.isalnum())
    c = text[at]
    if c.isdigit():
        new = str((int(c) + 1) % 10)
    elif c.isascii():
        new = chr(ord(c) + 1) if c not in "zZ" else "a"
    else:
        new = "甲" if c != "甲" else "乙"
    return text[:at] + new + text[at + 1:]


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


class Walk:
    def __init__(self, text, doc):
        self.text, self.kinds, self.found = text, kinds(doc), []

    def add(self, path, node, what, new, words=False):
        start, end = node.start_mark.index, node.end_mark.index
        if getattr(node, "style", None) in ("|", ">"):
            new += "\n"
        last = node.end_mark.line + (1 if node.end_mark.column else 0)
        was = node.value if isinstance(node, yaml.ScalarNode) else what.split()[-1]
        self.found.append(Flip(path, what, start, end, new, was, node.start_mark.line + 1,
                               max(last, node.start_mark.line + 1), words))

    def inside(self, path, node, language):
        """Placeholders and numbers of one language, each where it stands in the file."""
        start, end = node.start_mark.index, node.end_mark.index
        raw = self.text[start:end]
        line = node.start_mark.line + 1
        for m in re.finditer(r"\{[a-z]+\}", raw):
            if path.startswith("notify."):
                self.found.append(Flip(path, f"{language} without {m.group()}", start + m.start(), start + m.end(), "", "", line,
                                       node.end_mark.line + 1))
                self.found.append(Flip(path, f"{language} with another placeholder for {m.group()}", start + m.start(),
                                       start + m.end(), "{nobody}", "", line, node.end_mark.line + 1, True))
        for m in re.finditer(r"(?<![A-Za-z0-9])\d+", raw):
            new = str(int(m.group()) + 1)
            self.found.append(Flip(path, f"{language} says {new} for {m.group()}", start + m.start(), start + m.end(), new, "", line,
                                   node.end_mark.line + 1))

    def both(self, path, node):
        for key, value in node.value:
            self.add(path, value, f"nothing in {key.value}", '""', True)
            self.inside(path, value, key.value)

    def one_of(self, path, node, known, what="is"):
        for word in known:
            if word != node.value:
                self.add(path, node, f"{what} {word}, not {node.value}", word)

    def number(self, path, node):
        for new in (int(node.value) + 1, int(node.value) - 1):
            self.add(path, node, f"{new}, not {node.value}", str(new))

    def items(self, path, node, known):
        """A list whose items are single values."""
        values = [item.value for item in node.value]
        for i, value in enumerate(values):
            left = values[:i] + values[i + 1:]
            self.add(path, node, f"without {value}", "[" + ", ".join(map(quoted, left)) + "]")
        for word in known:
            if word not in values:
                self.add(path, node, f"with {word}", "[" + ", ".join(map(quoted, values + [word])) + "]")

    def list_of(self, path, node, kind):
        if kind == "list of zh + en":
            for i, item in enumerate(node.value):
                self.both(f"{path}[{i + 1}]", item)
        elif kind == "list of numbers":
            for i, item in enumerate(node.value):
                self.number(f"{path}[{i + 1}]", item)
        elif kind == "list of texts":
            self.items(path, node, ())
            for item in node.value:
                self.add(path, item, f"{changed(item.value)}, not {item.value}", quoted(changed(item.value)))
        else:
            known = BUSINESSES if kind == "list of businesses" else re.findall("`([^`]+)`", kind)
            self.items(path, node, known)

    def scalar(self, path, node, kind):
        value = node.value
        if general(path) in WORDS:
            self.one_of(path, node, WORDS[general(path)])
        if kind == "true/false":
            self.one_of(path, node, ("true", "false"))
        elif "…" in kind:
            self.number(path, node)
        elif kind == "yuan":
            self.add(path, node, "a yuan more", quoted(f"{float(value) + 1:.2f}"))
        elif kind == "date":
            for days in (1, -1):
                day = datetime.date.fromisoformat(value) + datetime.timedelta(days)
                self.add(path, node, f"{day}, not {value}", str(day))
        elif kind == "event":
            self.one_of(path, node, EVENTS)
        elif kind.startswith("`"):
            self.one_of(path, node, re.findall("`([^`]+)`", kind))
        elif kind == "text":
            self.add(path, node, f"{changed(value)}, not {value}", quoted(changed(value)))
        else:
            raise SystemExit(f"docs/profile.md: {general(path)} is “{kind}”, which tests/flips does not know")

    def walk(self, path, node):
        kind = self.kinds.get(general(path), "")
        if isinstance(node, yaml.ScalarNode):
            self.scalar(path, node, kind)
        elif isinstance(node, yaml.SequenceNode) and kind.startswith("list of "):
            self.list_of(path, node, kind)
        elif isinstance(node, yaml.SequenceNode):
            for i, item in enumerate(node.value):
                self.walk(f"{path}[{i + 1}]", item)
        elif kind == "zh + en":
            self.both(path, node)
        else:
            for key, value in node.value:
                self.walk(f"{path}.{key.value}" if path else key.value, value)


def flips(text, doc):
    walk = Walk(text, doc)
    walk.walk("", yaml.compose(text))
    return walk.found
