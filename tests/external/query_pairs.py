"""Questions in Stele's languages, each with the same question for DuckDB.

A search expression knows three things: how it is written in the search syntax, which rows it
matches (in plain Python, the reading of the documentation), and its SQL for DuckDB. What DuckDB
cannot say in the same words (whole tokens of raw bytes, address ranges) is worked out in Python
and joined by row number. Values are sampled from the data, so that most questions find something.
"""

import dataclasses
import ipaddress
import re

# The tokenizer: runs of letters, digits, `_` and of bytes from 0x80 on.
TOKEN = rb"[A-Za-z0-9_\x80-\xff]"
RESERVED = {"and", "or", "not", "to"}
TEXT_COLUMNS = [
    "event_uid", "source_type", "parse_status", "time_quality", "account_uid", "region",
    "user_name", "user_uid", "user_type", "credential_uid", "operation", "service", "request_uid",
    "src_ip", "src_name", "dst_ip", "status_code", "user_agent", "resource_uid", "host_name",
]
NUMBER_COLUMNS = [
    "class_uid", "activity_id", "severity_id", "status_id", "src_port", "dst_port", "http_status",
    "protocol_num", "bytes", "packets", "_pos",
]
FLAG_COLUMNS = ["is_read_only", "data_access", "is_mfa", "id_conflict"]
GROUP_COLUMNS = ["source_type", "operation", "service", "region", "status_id", "user_type", "day"]


def literal(value):
    """A value as an SQL literal that both engines read alike."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value)
    return "'" + value.replace("'", "''") + "'"


def quoted(value):
    """A value as the search syntax writes it: bare where it can be, else in quotes."""
    text = str(value)
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", text) and text.lower() not in RESERVED:
        return text
    return f'"{text}"'


def can_be_quoted(value):
    """Whether a value can be written without an escape or a wildcard."""
    return 0 < len(value) <= 200 and not re.search(r'["\\*?\x00-\x1f\x7f]', value)


class Expression:
    """A search expression."""

    def search(self):
        """As it is typed."""
        raise NotImplementedError

    def matches(self, row):
        """Whether it matches a row, a dictionary of columns."""
        raise NotImplementedError

    def sql(self, join):
        """For DuckDB, never null. `join(expression)` gives SQL for what only Python can say."""
        return join(self)


@dataclasses.dataclass
class Equals(Expression):
    """`field:value`: the column holds exactly that."""

    column: str
    value: object

    def search(self):
        value = str(self.value).lower() if isinstance(self.value, bool) else quoted(self.value)
        return f"{self.column}:{value}"

    def matches(self, row):
        return row[self.column] is not None and row[self.column] == self.value

    def sql(self, join):
        return f'coalesce("{self.column}" = {literal(self.value)}, FALSE)'


@dataclasses.dataclass
class Glob(Expression):
    """`field:a*b`: `*` stands for any text, case does not count."""

    column: str
    pattern: str

    def search(self):
        return f"{self.column}:{self.pattern}"

    def matches(self, row):
        parts = [re.escape(part) for part in self.pattern.split("*")]
        value = row[self.column]
        return value is not None and bool(
            re.fullmatch(".*".join(parts), value, re.IGNORECASE | re.DOTALL)
        )

    def sql(self, join):
        pattern = re.sub(r"([%_!])", r"!\1", self.pattern).replace("*", "%")
        return f"coalesce(\"{self.column}\" ILIKE {literal(pattern)} ESCAPE '!', FALSE)"


@dataclasses.dataclass
class Compare(Expression):
    """`field:>n` and the like."""

    column: str
    operator: str
    value: int

    def search(self):
        return f"{self.column}:{self.operator}{self.value}"

    def matches(self, row):
        there = row[self.column]
        if there is None:
            return False
        return {
            ">": there > self.value, ">=": there >= self.value,
            "<": there < self.value, "<=": there <= self.value,
        }[self.operator]

    def sql(self, join):
        return f'coalesce("{self.column}" {self.operator} {self.value}, FALSE)'


@dataclasses.dataclass
class Between(Expression):
    """`field:[a TO b]`, both ends included."""

    column: str
    low: int
    high: int

    def search(self):
        return f"{self.column}:[{self.low} TO {self.high}]"

    def matches(self, row):
        return row[self.column] is not None and self.low <= row[self.column] <= self.high

    def sql(self, join):
        return f'coalesce("{self.column}" BETWEEN {self.low} AND {self.high}, FALSE)'


@dataclasses.dataclass
class Network(Expression):
    """`src_ip:203.0.113.0/24`."""

    column: str
    network: str

    def search(self):
        return f"{self.column}:{self.network}"

    def matches(self, row):
        try:
            address = ipaddress.ip_address(row[self.column] or "")
        except ValueError:
            return False
        network = ipaddress.ip_network(self.network)
        return address.version == network.version and address in network


@dataclasses.dataclass
class Outcome(Expression):
    """`outcome:success` and `outcome:failure`, short for the OCSF status."""

    word: str

    def search(self):
        return f"outcome:{self.word}"

    def status(self):
        return {"success": 1, "failure": 2}[self.word]

    def matches(self, row):
        return row["status_id"] == self.status()

    def sql(self, join):
        return f"coalesce(status_id = {self.status()}, FALSE)"


@dataclasses.dataclass
class Words(Expression):
    """A bare word or a phrase: text of the raw record between token boundaries, in any case."""

    text: str
    in_quotes: bool

    def search(self):
        return f'"{self.text}"' if self.in_quotes else self.text

    def pattern(self):
        text = re.escape(self.text.encode())
        return re.compile(b"(?<!" + TOKEN + b")" + text + b"(?!" + TOKEN + b")", re.IGNORECASE)

    def matches(self, row):
        return self.pattern().search(row["raw"]) is not None


@dataclasses.dataclass
class Not(Expression):
    """`-x` or `NOT x`: rows without the field are among them."""

    inner: Expression
    word: bool

    def search(self):
        inner = self.inner.search()
        return f"NOT {inner}" if self.word else f"-{inner}"

    def matches(self, row):
        return not self.inner.matches(row)

    def sql(self, join):
        return f"NOT ({self.inner.sql(join)})"


@dataclasses.dataclass
class All(Expression):
    """`a b` or `a AND b`."""

    parts: list
    word: bool

    def search(self):
        return (" AND " if self.word else " ").join(part.search() for part in self.parts)

    def matches(self, row):
        return all(part.matches(row) for part in self.parts)

    def sql(self, join):
        return "(" + " AND ".join(part.sql(join) for part in self.parts) + ")"


@dataclasses.dataclass
class Any(Expression):
    """`(a OR b)`, always in parentheses."""

    parts: list

    def search(self):
        return "(" + " OR ".join(part.search() for part in self.parts) + ")"

    def matches(self, row):
        return any(part.matches(row) for part in self.parts)

    def sql(self, join):
        return "(" + " OR ".join(part.sql(join) for part in self.parts) + ")"


class Sampler:
    """Makes expressions about the rows that it was given."""

    def __init__(self, rng, rows):
        self.rng = rng
        self.rows = rows
        self.values = {}
        for column in TEXT_COLUMNS:
            found = {row[column] for row in rows if row.get(column)}
            self.values[column] = sorted(value for value in found if can_be_quoted(value))
        for column in NUMBER_COLUMNS + FLAG_COLUMNS:
            found = {row[column] for row in rows if row.get(column) is not None}
            self.values[column] = sorted(found)

    def column(self, columns):
        """A column that has values, and one of them: often a frequent one."""
        usable = [column for column in columns if self.values[column]]
        column = self.rng.choice(usable)
        if self.rng.random() < 0.5:
            value = self.rng.choice(self.rows).get(column)
            if value in self.values[column]:
                return column, value
        return column, self.rng.choice(self.values[column])

    def leaf(self):
        """An expression without parts."""
        kinds = [
            (self.equals, 6), (self.flag, 1), (self.glob, 3), (self.compare, 2), (self.between, 1),
            (self.network, 1), (self.outcome, 1), (self.word, 4), (self.phrase, 2),
        ]
        makers, weights = zip(*kinds)
        while True:
            leaf = self.rng.choices(makers, weights)[0]()
            if leaf is not None:
                return leaf

    def equals(self):
        column, value = self.column(TEXT_COLUMNS)
        # `service:s3` is short for `s3.amazonaws.com`, so a service without a dot is not exact.
        return None if column == "service" and "." not in value else Equals(column, value)

    def flag(self):
        usable = [column for column in FLAG_COLUMNS if self.values[column]]
        return Equals(self.rng.choice(usable), self.rng.random() < 0.5) if usable else None

    def glob(self):
        column, value = self.column(TEXT_COLUMNS)
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{2,}", value):
            return None
        cut = self.rng.randint(1, len(value) - 1)
        head, tail = value[:cut], value[cut:]
        pattern = self.rng.choice([f"{head}*", f"*{tail}", f"{head}*{tail[-1]}"])
        return Glob(column, self.rng.choice([pattern, pattern.upper(), pattern.lower()]))

    def compare(self):
        column, value = self.column(NUMBER_COLUMNS)
        return Compare(column, self.rng.choice([">", ">=", "<", "<="]), value)

    def between(self):
        column, low = self.column(NUMBER_COLUMNS)
        high = self.rng.choice(self.values[column])
        return Between(column, min(low, high), max(low, high))

    def network(self):
        addresses = [value for value in self.values["src_ip"] if ":" not in value]
        if not addresses:
            return None
        bits = self.rng.choice([8, 16, 24, 28, 32])
        network = ipaddress.ip_network(f"{self.rng.choice(addresses)}/{bits}", strict=False)
        return Network("src_ip", str(network))

    def outcome(self):
        return Outcome(self.rng.choice(["success", "failure"]))

    def word(self):
        raw = self.rng.choice(self.rows)["raw"][:20_000]
        tokens = re.findall(TOKEN + b"+", raw)
        words = [token for token in tokens if re.fullmatch(rb"[A-Za-z0-9_]{3,60}", token)]
        words = [word.decode() for word in words if word.decode().lower() not in RESERVED]
        if not words:
            return None
        word = self.rng.choice(words)
        return Words(self.rng.choice([word, word.upper(), word.lower()]), in_quotes=False)

    def phrase(self):
        raw = self.rng.choice(self.rows)["raw"][:20_000]
        tokens = list(re.finditer(TOKEN + b"+", raw))
        if len(tokens) < 2:
            return None
        first = self.rng.randrange(len(tokens) - 1)
        last = min(first + self.rng.randint(1, 3), len(tokens) - 1)
        text = raw[tokens[first].start():tokens[last].end()]
        try:
            text = text.decode("ascii")
        except UnicodeDecodeError:
            return None
        return Words(text, in_quotes=True) if can_be_quoted(text) else None

    def expression(self):
        """An expression of up to five leaves."""
        shape = self.rng.randrange(8)
        if shape <= 2:
            return self.leaf()
        if shape == 3:
            return Not(self.leaf(), word=self.rng.random() < 0.5)
        if shape == 4:
            return All([self.leaf(), self.maybe_not()], word=self.rng.random() < 0.5)
        if shape == 5:
            return Any([self.leaf(), self.maybe_not()])
        if shape == 6:
            either = Any([self.leaf(), self.leaf(), self.maybe_not()])
            return All([either, self.maybe_not()], word=self.rng.random() < 0.5)
        return Not(Any([self.leaf(), self.leaf()]), word=True)

    def maybe_not(self):
        leaf = self.leaf()
        return Not(leaf, word=False) if self.rng.random() < 0.4 else leaf

    def time_literal(self):
        """A moment among the events, as an SQL literal."""
        moment = self.rng.choice([row["time"] for row in self.rows if row["time"] is not None])
        return f"TIMESTAMP '{moment.isoformat(sep=' ', timespec='microseconds')}'"

    def filter(self):
        """A WHERE clause that both engines read alike."""
        column, value = self.column(TEXT_COLUMNS)
        number_column, number = self.column(NUMBER_COLUMNS)
        other = self.rng.choice(self.values[column])
        return self.rng.choice([
            f'"{column}" = {literal(value)}',
            f'"{column}" <> {literal(value)}',
            f'"{column}" IN ({literal(value)}, {literal(other)})',
            f'"{column}" IS NULL',
            f'"{column}" IS NOT NULL AND "{number_column}" >= {number}',
            f'"{number_column}" BETWEEN {number} AND {number + 100}',
            f'"time" >= {self.time_literal()}',
            f'"time" < {self.time_literal()} OR "{column}" = {literal(value)}',
            f'NOT ("{column}" = {literal(value)} AND "{number_column}" = {number})',
        ])

    def sql(self):
        """A query whose order is total, so that the rows can be compared one by one."""
        group = self.rng.choice(GROUP_COLUMNS)
        text, _ = self.column(TEXT_COLUMNS)
        number, _ = self.column(NUMBER_COLUMNS)
        where, limit = self.filter(), self.rng.randint(1, 50)
        unit = self.rng.choice(["hour", "day", "minute"])
        return self.rng.choice([
            f"SELECT count(*) AS n FROM events WHERE {where}",
            f'SELECT count("{text}") AS n, count(DISTINCT "{text}") AS d FROM events WHERE {where}',
            f'SELECT "{group}" AS g, count(*) AS n FROM events WHERE {where} GROUP BY "{group}"'
            f" ORDER BY n DESC, g NULLS LAST LIMIT {limit}",
            f'SELECT "{group}" AS g, min("{number}") AS low, max("{number}") AS high,'
            f' sum("{number}") AS total, avg("{number}") AS mean FROM events GROUP BY "{group}"'
            " ORDER BY g NULLS LAST",
            f"SELECT date_trunc('{unit}', \"time\") AS t, count(*) AS n FROM events WHERE {where}"
            f" GROUP BY t ORDER BY t NULLS LAST LIMIT {limit}",
            f'SELECT "{group}" AS g, count(*) FILTER (WHERE {where}) AS n FROM events'
            f' GROUP BY "{group}" HAVING count(*) > {limit} ORDER BY g NULLS LAST',
            f'SELECT "time", "{text}" AS v, _batch, _pos FROM events WHERE {where}'
            f' ORDER BY "time" DESC NULLS LAST, _batch, _pos LIMIT {limit} OFFSET {limit // 2}',
            f'SELECT DISTINCT "{text}" AS v FROM events WHERE {where} ORDER BY v NULLS LAST'
            f" LIMIT {limit}",
            f'WITH busy AS (SELECT "{group}" AS g, count(*) AS n FROM events GROUP BY "{group}")'
            f" SELECT count(*) AS groups, max(n) AS most FROM busy WHERE n > {limit}",
            f'SELECT min("time") AS first, max("time") AS last, min("{text}") AS low,'
            f' max("{text}") AS high FROM events WHERE {where}',
        ])
