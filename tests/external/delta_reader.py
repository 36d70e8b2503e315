"""Reads the table with programs that know nothing of Stele: delta-rs, pyarrow and DuckDB.

    python tests/external/delta_reader.py --data stele-data --expect-rows 20000

Needs what requirements.txt names. Exit code 0: all readers agree with each other and with what
was expected.
"""

import argparse
import os
import sys

import deltalake
import duckdb

KEYS = ["event_uid", "_batch", "_pos", "raw", "dataset", "day"]


def table_path(data):
    """Where the table is in a data folder."""
    return os.path.join(data, "lake", "events")


def local_path(uri):
    """A file's path, as DuckDB wants it."""
    return uri.removeprefix("file://")


def number(sql, parameters):
    """The one number that a query of DuckDB gives."""
    with duckdb.connect() as connection:
        return connection.execute(sql, parameters).fetchone()[0]


def faults_of(table, expected_rows):
    """Reads everything; prints what was counted and returns what is wrong."""
    faults = []
    rows = table.to_pyarrow_table(columns=KEYS)
    ids = rows.column("event_uid").to_pylist()
    addresses = set(zip(rows.column("_batch").to_pylist(), rows.column("_pos").to_pylist()))
    with_id = [i for i in ids if i is not None]
    files = [local_path(uri) for uri in table.file_uris()]
    counted = 0
    if files:
        counted = number(
            "SELECT count(*) FROM read_parquet($files, union_by_name = true)", {"files": files}
        )
    print(
        f"version {table.version()}, {len(files)} files, {rows.num_rows} rows, "
        f"{len(with_id)} with event_uid, {len(set(with_id))} distinct event_uid, "
        f"{len(addresses)} distinct (_batch, _pos); DuckDB counts {counted} rows"
    )
    if rows.num_rows != expected_rows:
        faults.append(f"{expected_rows} rows are expected, delta-rs reads {rows.num_rows}")
    if counted != rows.num_rows:
        faults.append(f"DuckDB counts {counted} rows, delta-rs reads {rows.num_rows}")
    if len(addresses) != rows.num_rows:
        faults.append(f"{rows.num_rows} rows have {len(addresses)} addresses (_batch, _pos)")
    for name in ("raw", "_batch", "_pos", "dataset", "day"):
        nulls = rows.column(name).null_count
        if nulls:
            faults.append(f"`{name}` is null in {nulls} rows")
    return faults


def statistics_faults(table):
    """The row counts that the log states are those of the files."""
    faults = []
    actions = table.get_add_actions(flatten=True)
    columns = {name: actions.column(name).to_pylist() for name in ("path", "num_records")}
    for path, stated in zip(columns["path"], columns["num_records"], strict=True):
        file = os.path.join(local_path(table.table_uri), path)
        counted = number("SELECT sum(num_rows) FROM parquet_file_metadata($file)", {"file": file})
        if stated != counted:
            faults.append(f"the log states {stated} rows for `{path}`, which has {counted}")
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--data", required=True, help="the data folder")
    parser.add_argument("--expect-rows", type=int, required=True)
    arguments = parser.parse_args()
    table = deltalake.DeltaTable(table_path(arguments.data))
    faults = faults_of(table, arguments.expect_rows) + statistics_faults(table)
    for fault in faults:
        print(f"FAULT {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
