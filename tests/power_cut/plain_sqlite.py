"""A plain SQLite writer and its checker, to show that the power cut test can tell.

    plain_sqlite.py write DIR FULL|OFF
    plain_sqlite.py check DIR ACKS

With synchronous=FULL no acknowledged row may be lost, and with OFF some must be.
"""

import itertools
import os
import sqlite3
import sys
import uuid


def connect(folder):
    return sqlite3.connect(os.path.join(folder, "plain.db"), isolation_level=None)


def write(folder, synchronous):
    store = connect(folder)
    store.execute("PRAGMA journal_mode = WAL")
    store.execute(f"PRAGMA synchronous = {synchronous}")
    store.execute("CREATE TABLE IF NOT EXISTS row (number INTEGER PRIMARY KEY, event_id TEXT)")
    (last,) = store.execute("SELECT coalesce(max(number), 0) FROM row").fetchone()
    for number in itertools.count(last + 1):
        event_id = str(uuid.uuid4())
        store.execute("INSERT INTO row VALUES (?, ?)", (number, event_id))
        print("ack plain", number, event_id, "- -", flush=True)


def check(folder, acks):
    """Looks for each acknowledged row."""
    try:
        stored = dict(connect(folder).execute("SELECT event_id, number FROM row"))
    except sqlite3.DatabaseError:
        stored = {}  # no table, or a damaged file
    lost = []
    for line in open(acks):
        number, event_id = line.split()[2:4]
        if stored.get(event_id) != int(number):
            lost.append(line.rstrip())
    print(f"checked stored={len(stored)} lost={len(lost)} faults=0")
    for line in lost[:3]:
        print("fault: lost:", line)
    return 1 if lost else 0


if __name__ == "__main__":
    command, folder, argument = sys.argv[1:]
    sys.exit({"write": write, "check": check}[command](folder, argument))
