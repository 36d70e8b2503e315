"""Asks Stele and DuckDB the same questions over the same files and compares the answers.

    python tests/external/duckdb_compare.py --binary target/debug/stele --data stele-data \\
        --queries 200 --seed 42

Half of the questions are in the search syntax, half in SQL; query_pairs.py makes both. Needs what
requirements.txt names. Exit code 0: every answer is the same, in the same order.
"""

import argparse
import datetime
import decimal
import http.client
import math
import os
import random
import sys
import tempfile

import deltalake
import duckdb
import pyarrow

from delta_reader import local_path, table_path
from query_pairs import FLAG_COLUMNS, GROUP_COLUMNS, NUMBER_COLUMNS, TEXT_COLUMNS, Sampler
from stele_server import BadStatus, Server, ServerDied

ROWS_MAX = 1_000_000
# A comparison of empty answers shows little: at least this part must have rows.
ANSWERED_MIN = 0.4


class Duck:
    """The rows of the files, in DuckDB and, for what it cannot say, in Python."""

    def __init__(self, files, columns):
        """`columns` are the names and Delta types of the whole table: files leave out columns
        that are null in every row."""
        self.connection = duckdb.connect()
        source = (
            "read_parquet($files, union_by_name = true, hive_partitioning = true,"
            " hive_types_autocast = false)"
        )
        described = self.connection.execute(f"DESCRIBE SELECT * FROM {source}", {"files": files})
        there = {row[0] for row in described.fetchall()}
        selected = ", ".join(column_sql(name, kind, name in there) for name, kind in columns)
        self.connection.execute(
            f"CREATE TABLE events AS SELECT row_number() OVER () - 1 AS row_id, {selected}"
            f" FROM {source}",
            {"files": files},
        )
        asked = {*TEXT_COLUMNS, *NUMBER_COLUMNS, *FLAG_COLUMNS, *GROUP_COLUMNS}
        wanted = sorted({"time", "raw"} | asked)
        names = ", ".join(f'"{name}"' for name in wanted)
        cursor = self.connection.execute(f"SELECT {names} FROM events ORDER BY row_id")
        self.rows = [dict(zip(wanted, values)) for values in cursor.fetchall()]
        self.joined = 0

    def join(self, expression):
        """SQL for an expression that is evaluated in Python."""
        name = f"matches_{self.joined}"
        self.joined += 1
        ids = [number for number, row in enumerate(self.rows) if expression.matches(row)]
        self.connection.register(name, pyarrow.table({"id": pyarrow.array(ids, pyarrow.int64())}))
        return f"row_id IN (SELECT id FROM {name})"

    def addresses(self, expression, since, until, ascending, limit):
        """The addresses that a search finds, in its order."""
        direction = "ASC" if ascending else "DESC"
        where = [expression.sql(self.join)]
        where += [f"time >= {timestamp(since)}"] if since else []
        where += [f"time < {timestamp(until)}"] if until else []
        cursor = self.connection.execute(
            f"SELECT _batch, _pos FROM events WHERE {' AND '.join(where)}"
            f" ORDER BY time {direction} NULLS LAST, _batch {direction}, _pos {direction}"
            f" LIMIT {limit}"
        )
        return cursor.fetchall()

    def sql(self, sql):
        """The rows of a query, as dictionaries."""
        cursor = self.connection.execute(sql)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, values)) for values in cursor.fetchall()]


def column_sql(name, kind, is_there):
    """A column of the table, whether or not any file has it. Times lose their zone, which is UTC:
    that needs no extension and no package to read them."""
    types = {
        "string": "VARCHAR", "long": "BIGINT", "integer": "INTEGER", "boolean": "BOOLEAN",
        "timestamp": "TIMESTAMP", "binary": "BLOB",
    }
    if not is_there:
        return f'CAST(NULL AS {types.get(kind, "VARCHAR[]")}) AS "{name}"'
    if kind == "timestamp":
        return f'make_timestamp(epoch_us("{name}")) AS "{name}"'
    return f'"{name}"'


def timestamp(moment):
    """A moment as an SQL literal."""
    return f"TIMESTAMP '{moment.isoformat(sep=' ', timespec='microseconds')}'"


def rfc3339(moment):
    """A moment as the API takes it."""
    return moment.isoformat(timespec="microseconds") + "Z" if moment else None


def same(ours, theirs):
    """Whether a value from JSON is the value that DuckDB has."""
    if isinstance(theirs, datetime.datetime):
        return isinstance(ours, str) and parsed(ours) == theirs
    if isinstance(theirs, datetime.date):
        return ours == theirs.isoformat()
    if isinstance(theirs, (float, decimal.Decimal)) and isinstance(ours, (int, float)):
        return math.isclose(ours, float(theirs), rel_tol=1e-9, abs_tol=1e-9)
    return ours == theirs and isinstance(ours, bool) == isinstance(theirs, bool)


def parsed(text):
    """A moment from JSON, without its zone; None where it is none or the zone is not UTC."""
    try:
        moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    if moment.utcoffset() not in (None, datetime.timedelta(0)):
        return None
    return moment.replace(tzinfo=None)


def row_faults(ours, theirs):
    """How two lists of rows differ; empty where they do not. Nulls may be left out of JSON."""
    if len(ours) != len(theirs):
        return [f"Stele has {len(ours)} rows, DuckDB {len(theirs)}"]
    for number, (our_row, their_row) in enumerate(zip(ours, theirs)):
        for name, value in their_row.items():
            if not same(our_row.get(name), value):
                return [f"row {number}, `{name}`: Stele {our_row.get(name)!r}, DuckDB {value!r}"]
        extra = our_row.keys() - their_row.keys()
        if extra:
            return [f"row {number}: Stele has the columns {sorted(extra)} too"]
    return []


def address_faults(ours, theirs):
    """How two lists of addresses differ."""
    if ours == theirs:
        return []
    missing, extra = set(theirs) - set(ours), set(ours) - set(theirs)
    if missing or extra:
        return [
            f"Stele has {len(ours)} rows, DuckDB {len(theirs)}; {len(missing)} missing "
            f"{sorted(missing)[:3]}, {len(extra)} too many {sorted(extra)[:3]}"
        ]
    at = next(n for n, (a, b) in enumerate(zip(ours, theirs)) if a != b)
    return [f"the same rows in another order, from row {at} on: {ours[at]} and {theirs[at]}"]


def compare_search(server, duck, sampler, rng):
    """One search: its text, its number of rows, its faults."""
    expression = sampler.expression()
    moments = sorted(rng.choice(duck.rows)["time"] for _ in range(2))
    since = moments[0] if rng.random() < 0.3 else None
    until = moments[1] if rng.random() < 0.3 else None
    ascending = rng.random() < 0.3
    limit = rng.choice([20, 100, 500, ROWS_MAX])
    theirs = duck.addresses(expression, since, until, ascending, limit)
    parameters = {
        "since": rfc3339(since), "until": rfc3339(until), "limit": limit,
        "order": "asc" if ascending else "desc", "columns": "_batch,_pos",
    }
    text = f"search {expression.search()} {parameters}"
    rows = server.client.search(expression.search(), **parameters)
    ours = [(row["_batch"], row["_pos"]) for row in rows]
    return text, len(theirs), address_faults(ours, theirs)


def compare_sql(server, duck, sampler):
    """One query: its text, its number of rows, its faults."""
    sql = sampler.sql()
    theirs = duck.sql(sql)
    return sql, len(theirs), row_faults(server.client.sql(sql), theirs)


def compare_all(server, duck, queries, seed):
    """Asks all questions; the number of those that differ or find too little."""
    rng = random.Random(seed)
    sampler = Sampler(rng, duck.rows)
    different, answered = 0, 0
    for number in range(queries):
        text = "?"
        try:
            if number % 2:
                text, rows, faults = compare_sql(server, duck, sampler)
            else:
                text, rows, faults = compare_search(server, duck, sampler, rng)
        except (BadStatus, http.client.HTTPException, OSError) as error:
            rows, faults = 0, [f"{type(error).__name__}: {error}"]
        answered += rows > 0
        different += bool(faults)
        for fault in faults:
            print(f"FAULT question {number}: {text}\n  {fault}", flush=True)
    print(f"{queries} questions, {answered} with rows, {different} answered differently")
    if answered < ANSWERED_MIN * queries:
        print("FAULT too few questions find anything, so the comparison shows little")
        return different + 1
    return different


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--binary", required=True, help="the stele binary")
    parser.add_argument("--data", required=True, help="the data folder; nothing is added to it")
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--seed", type=int, default=42)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="stele-duckdb-") as folder:
        server = Server(arguments.binary, arguments.data, os.path.join(folder, "server.log"))
        try:
            server.start()
            server.client.request("POST", "/api/v1/admin/flush", b"")
            table = deltalake.DeltaTable(table_path(arguments.data))
            columns = [
                (field.name, getattr(field.type, "type", "list")) for field in table.schema().fields
            ]
            duck = Duck([local_path(uri) for uri in table.file_uris()], columns)
            print(f"{len(duck.rows)} rows, seed {arguments.seed}")
            different = compare_all(server, duck, arguments.queries, arguments.seed)
        except (ServerDied, BadStatus) as error:
            print(f"FAULT {error}")
            different = 1
        finally:
            server.stop()
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
