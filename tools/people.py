#!/usr/bin/env python3
"""Print the demo people of people.json as a table: name, role, and how the console's stand-in is chosen."""
import json
import sys
import unicodedata


def width(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        people = json.load(f)
    if isinstance(people, dict):
        people = people.get("people", [])
    print("Demo people (one click on the console's sign-in page stands in for a password):")
    for person in people:
        roles = person.get("roles") or [person.get("role", "")]
        name = person.get("name", "")
        print(f"  {name}{' ' * max(1, 14 - width(name))}{', '.join(roles)}")


if __name__ == "__main__":
    main()
