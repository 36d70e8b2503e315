"""Tests of the external checks themselves: each must be able to fail."""

import contextlib
import datetime
import io
import json
import os
import random
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

import deltalake
import pyarrow
import pyarrow.parquet

import delta_reader
import duckdb_compare
import kill_test
import query_pairs
from query_pairs import All, Any, Equals, Glob, Network, Not, Outcome, Sampler, Words

HERE = os.path.dirname(os.path.abspath(__file__))


class KillTest(unittest.TestCase):
    """kill_test.py against a stand-in for the server."""

    def run_with(self, fault):
        command = [
            sys.executable, os.path.join(HERE, "kill_test.py"), "--rounds", "3",
            "--uptime-max", "0.8", "--binary", os.path.join(HERE, "fake_stele.py"),
            "--without-ledger",
        ]
        environment = {**os.environ, "FAKE_FAULT": fault}
        with tempfile.TemporaryDirectory() as folder:
            environment["TMPDIR"] = folder
            return subprocess.run(
                command, env=environment, capture_output=True, text=True, timeout=120, check=False
            )

    def test_an_honest_server_passes(self):
        done = self.run_with("")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("lost 0, doubled 0, unknown 0", done.stdout)

    def test_a_server_that_forgets_is_found_out(self):
        done = self.run_with("lose")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("\nlost: ", done.stdout)

    def test_a_server_that_stores_twice_is_found_out(self):
        done = self.run_with("double")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("\ndoubled: ", done.stdout)

    def test_a_server_that_does_not_start_is_found_out(self):
        done = subprocess.run(
            [sys.executable, os.path.join(HERE, "kill_test.py"), "--binary", "/bin/false"],
            capture_output=True, text=True, timeout=60, check=False,
        )
        self.assertEqual(done.returncode, 1)
        self.assertIn("ServerDied: ended at its start with 1", done.stdout)

    def test_ids_are_unique_and_batches_repeat_byte_by_byte(self):
        for make in (kill_test.json_batch, kill_test.cloudtrail_batch):
            ids, body = make(random.Random(1), 3, 100, 20)
            self.assertEqual(make(random.Random(1), 3, 100, 20), (ids, body))
            other, _ = make(random.Random(1), 3, 120, 20)
            self.assertEqual(len(set(ids + other)), 40)

    def test_the_verdict_tells_lost_doubled_and_unknown(self):
        verdict = kill_test.compare({"a", "b"}, {"a", "b", "c"}, {"a": 2, "c": 1, "x": 1})
        self.assertEqual((verdict.lost, verdict.doubled, verdict.unknown), (["b"], ["a"], ["x"]))


def made_up_rows(rng, count):
    """Rows that have what the questions ask about, nulls and odd bytes included."""
    columns = ["time", "raw", "day", *query_pairs.TEXT_COLUMNS, *query_pairs.NUMBER_COLUMNS]
    columns += query_pairs.FLAG_COLUMNS
    rows = []
    for number in range(count):
        row = dict.fromkeys(columns)
        row["time"] = datetime.datetime(2025, 3, 1) + datetime.timedelta(minutes=rng.randrange(300))
        row["_batch"], row["_pos"], row["day"] = 7, number, "2025-03-01"
        for column in query_pairs.TEXT_COLUMNS:
            often = f"{column}-A_{rng.randrange(4)}"
            row[column] = rng.choice([None, often, "b.x%y", "o'x", "ä b"])
        for column in query_pairs.NUMBER_COLUMNS:
            if column != "_pos":
                row[column] = rng.choice([None, rng.randrange(5)])
        for column in query_pairs.FLAG_COLUMNS:
            row[column] = rng.choice([None, True, False])
        row["src_ip"] = rng.choice([None, f"203.0.113.{rng.randrange(9)}", "2001:db8::1"])
        text = f'{{"name": "Root login {rng.randrange(3)}", "x_y": "s3.AMAZONAWS.com"}}'
        row["raw"] = text.encode() + rng.choice([b"", b" caf\xc3\xa9", b"\xff\xfe root_login"])
        rows.append(row)
    return rows


class MadeUpTable(unittest.TestCase):
    """Rows in a file, as DuckDB sees them."""

    @classmethod
    def setUpClass(cls):
        cls.rng = random.Random(5)
        rows = made_up_rows(cls.rng, 400)
        columns = [name for name in rows[0]]
        kinds = {"time": "timestamp", "raw": "binary", "_batch": "long", "_pos": "integer"}
        kinds.update({name: "boolean" for name in query_pairs.FLAG_COLUMNS})
        kinds.update({name: "long" for name in query_pairs.NUMBER_COLUMNS if name != "_pos"})
        # `host_name` is null in every row, so the file leaves it out, as Stele's files do.
        for row in rows:
            row["host_name"] = None
        cls.folder = tempfile.TemporaryDirectory()
        file = os.path.join(cls.folder.name, "dataset=main", "day=2025-03-01", "part.parquet")
        os.makedirs(os.path.dirname(file))
        left_out = {"host_name", "day"}
        table = pyarrow.table({
            name: pyarrow.array(
                [row[name] for row in rows],
                pyarrow.timestamp("us", "UTC") if name == "time" else None,
            )
            for name in columns if name not in left_out
        })
        pyarrow.parquet.write_table(table, file)
        cls.duck = duckdb_compare.Duck([file], [(c, kinds.get(c, "string")) for c in columns])
        cls.sampler = Sampler(cls.rng, cls.duck.rows)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()


class Questions(MadeUpTable):
    """The questions mean the same in Python and in DuckDB, and are written as documented."""

    def test_the_rows_come_through_the_file(self):
        self.assertEqual(len(self.duck.rows), 400)
        self.assertEqual({row["day"] for row in self.duck.rows}, {"2025-03-01"})
        self.assertEqual({row["host_name"] for row in self.duck.rows}, {None})

    def test_the_sql_of_an_expression_means_what_its_python_means(self):
        found = 0
        for _ in range(400):
            expression = self.sampler.expression()
            wanted = {(7, row["_pos"]) for row in self.duck.rows if expression.matches(row)}
            got = self.duck.addresses(expression, None, None, True, 1_000)
            self.assertEqual(set(got), wanted, expression.search())
            found += bool(got)
        self.assertGreater(found, 200)

    def test_every_made_up_query_runs(self):
        for _ in range(300):
            self.duck.sql(self.sampler.sql())

    def test_searches_are_written_as_documented(self):
        cases = [
            (Equals("user_name", "alice"), "user_name:alice"),
            (Equals("user_uid", "arn:aws:iam::1:root"), 'user_uid:"arn:aws:iam::1:root"'),
            (Equals("user_name", "or"), 'user_name:"or"'),
            (Equals("is_mfa", True), "is_mfa:true"),
            (Not(Equals("region", "eu-west-1"), word=False), "-region:eu-west-1"),
            (Not(Outcome("failure"), word=True), "NOT outcome:failure"),
            (Any([Words("root", False), Words("root login", True)]), '(root OR "root login")'),
            (All([Glob("service", "s3*"), Network("src_ip", "10.0.0.0/8")], word=False),
             "service:s3* src_ip:10.0.0.0/8"),
        ]
        for expression, text in cases:
            self.assertEqual(expression.search(), text)

    def test_words_are_whole_tokens_in_any_case(self):
        raw = b'{"a_b": "Root-Login", "c": "caf\xc3\xa9"}'
        for text, wanted in [
            ("root", True), ("ROOT-login", True), ("oot", False), ("a_b", True), ("a", False),
            ("caf", False), ("b", False), ("login", True),
        ]:
            self.assertEqual(Words(text, True).matches({"raw": raw}), wanted, text)

    def test_rows_without_the_field_are_among_those_that_are_not_equal(self):
        rows = [{"region": None}, {"region": "x"}, {"region": "y"}]
        expression = Not(Equals("region", "x"), word=False)
        self.assertEqual([expression.matches(row) for row in rows], [True, False, True])


class StandIn:
    """Answers searches by the Python reading of the last expression, and SQL by DuckDB."""

    def __init__(self, duck, sampler):
        self.duck, self.sampler, self.client = duck, sampler, self
        self.rows_left_out = 0

    def expression(self):
        self.last = Sampler.expression(self.sampler)
        return self.last

    def search(self, query, since, until, limit, order, columns):
        assert (query, columns) == (self.last.search(), "_batch,_pos")
        rows = [row for row in self.duck.rows if self.last.matches(row)]
        rows = [row for row in rows if not since or duckdb_compare.rfc3339(row["time"]) >= since]
        rows = [row for row in rows if not until or duckdb_compare.rfc3339(row["time"]) < until]
        rows.sort(key=lambda row: (row["time"], row["_pos"]), reverse=order == "desc")
        rows = rows[:limit][self.rows_left_out:]
        return [{"_batch": 7, "_pos": row["_pos"]} for row in rows]

    def sql(self, sql):
        rows = json.loads(json.dumps(self.duck.sql(sql), default=lambda value: (
            value.isoformat() + "Z" if isinstance(value, datetime.datetime) else float(value)
        )))
        rows = [{name: v for name, v in row.items() if v is not None} for row in rows]
        return rows[self.rows_left_out:]


class WholeComparison(MadeUpTable):
    """All of duckdb_compare.py but the process and the network."""

    def different(self, rows_left_out):
        sampler = Sampler(random.Random(9), self.duck.rows)
        server = StandIn(self.duck, sampler)
        server.rows_left_out = rows_left_out
        sampler.expression = server.expression
        with unittest.mock.patch.object(duckdb_compare, "Sampler", lambda *_: sampler):
            with contextlib.redirect_stdout(io.StringIO()) as output:
                different = duckdb_compare.compare_all(server, self.duck, 80, 9)
        return different, output.getvalue()

    def test_the_same_answers_are_not_different(self):
        different, output = self.different(0)
        self.assertEqual(different, 0, output)

    def test_one_row_too_few_is_found(self):
        different, output = self.different(1)
        self.assertGreater(different, 40, output)


class Comparison(unittest.TestCase):
    """Differences are found and equal values are not called different."""

    def test_values(self):
        noon = datetime.datetime(2025, 3, 1, 12)
        for ours, theirs in [
            ("2025-03-01T12:00:00Z", noon), ("2025-03-01T12:00:00.000000Z", noon),
            ("2025-03-01T12:00:00", noon), (0.1 + 0.2, 0.3), (3, 3.0), (None, None), ("a", "a"),
        ]:
            self.assertTrue(duckdb_compare.same(ours, theirs), (ours, theirs))
        for ours, theirs in [
            ("2025-03-01T13:00:00+01:00", noon), ("2025-03-01T12:00:01Z", noon), (None, noon),
            (1, True), ("1", 1), (0.3001, 0.3), (None, 0), ("", None), (None, 1.5),
        ]:
            self.assertFalse(duckdb_compare.same(ours, theirs), (ours, theirs))

    def test_rows(self):
        theirs = [{"g": "a", "n": 2}, {"g": None, "n": 1}]
        self.assertEqual(duckdb_compare.row_faults([{"g": "a", "n": 2}, {"n": 1}], theirs), [])
        for wrong in ([{"g": "a", "n": 2}], [{"g": "a", "n": 2}, {"g": "", "n": 1}],
                      [{"n": 1}, {"g": "a", "n": 2}], [{"g": "a", "n": 2, "x": 0}, {"n": 1}]):
            self.assertNotEqual(duckdb_compare.row_faults(wrong, theirs), [], wrong)

    def test_addresses(self):
        faults = duckdb_compare.address_faults
        self.assertEqual(faults([(1, 2)], [(1, 2)]), [])
        self.assertIn("another order", faults([(1, 2), (1, 3)], [(1, 3), (1, 2)])[0])
        self.assertIn("1 missing", faults([(1, 2)], [(1, 2), (1, 3)])[0])
        self.assertIn("1 too many", faults([(1, 2), (1, 3)], [(1, 2)])[0])


class DeltaReader(unittest.TestCase):
    """delta_reader.py over small tables of delta-rs's own."""

    def faults(self, rows, expected):
        with tempfile.TemporaryDirectory() as folder:
            deltalake.write_deltalake(folder, pyarrow.table(rows), partition_by=["dataset", "day"])
            table = deltalake.DeltaTable(folder)
            with contextlib.redirect_stdout(io.StringIO()):
                faults = delta_reader.faults_of(table, expected)
            return faults + delta_reader.statistics_faults(table)

    def rows(self):
        return {
            "event_uid": ["a", None, "b"], "_batch": [1, 1, 1], "_pos": [0, 1, 2],
            "raw": [b"x", b"y", b"z"], "dataset": ["main"] * 3,
            "day": ["2025-03-01", "2025-03-01", "2025-03-02"],
        }

    def test_a_sound_table_has_no_faults(self):
        self.assertEqual(self.faults(self.rows(), 3), [])

    def test_missing_rows_and_doubled_addresses_are_faults(self):
        self.assertIn("4 rows are expected", self.faults(self.rows(), 4)[0])
        doubled = {**self.rows(), "_pos": [0, 0, 2]}
        self.assertIn("2 addresses", self.faults(doubled, 3)[0])
        without = {**self.rows(), "raw": [b"x", None, b"z"]}
        self.assertIn("`raw` is null in 1 rows", self.faults(without, 3)[0])


if __name__ == "__main__":
    unittest.main()
