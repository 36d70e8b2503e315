// Generated from docs/openapi.json by scripts/api-types.mjs; do not edit.

export type ActBody = {
    /** Who did it, up to 256 characters; what the server does by itself is of `stele`. */
    "by": string;
    /** What exactly, up to 16 KiB. */
    "detail": string;
    /** What kind of act: lower-case words joined by `-`. */
    "kind": string;
  };

export type ProblemBody = {
    /** The kind of error; does not change between versions. */
    "code": string;
    /** What happened, and what to do. */
    "detail": string;
    /** The HTTP status. */
    "status": number;
    /** The status in words. */
    "title": string;
    /** A URI that stands for the kind of error. */
    "type": string;
  };

export type SqlParameters = {
    /** `ndjson`, `csv` or `parquet`. */
    "format"?: string | null;
    /** The question; the table is `events`. */
    "sql": string;
  };

/** The query parameters of each path that is read with GET. */
export interface Questions {
  /** One event by its address `<batch>-<pos>`: its columns and its OCSF document. */
  "/api/v1/events/{address}": {
  };
  /** The proof of one event (C2SP tlog-proof), as `stele prove` writes it; `stele verify --proof`
checks it anywhere. */
  "/api/v1/events/{address}/proof": {
  };
  /** The event's bytes, exactly as they were received. */
  "/api/v1/events/{address}/raw": {
  };
  /** The values of a column among the matching events, most frequent first; the counts are exact. */
  "/api/v1/facets": {
    /** The query, in the search syntax; everything where it is empty. */
    q?: string;
    /** Event times from here on: `2h`, `today`, `2026-11-24T10:00:00Z`. */
    since?: string | null;
    /** Event times before this. */
    until?: string | null;
    /** The zone of times that are written without one: `UTC` (also where it is not given) or
`+01:00`. */
    tz?: string | null;
    /** At most so many rows; 1,000 where it is not given. */
    limit?: number | null;
    /** By event time, `desc` (newest first) or `asc`. */
    order?: string | null;
    /** The columns wanted, with commas between; all where it is not given. */
    columns?: string | null;
    /** `ndjson`, `csv`, `parquet` or `ocsf`. */
    format?: string | null;
    /** Histogram: the width of a bar, such as `1h`. */
    step?: string | null;
    /** Facets: the column to count. */
    field?: string | null;
  };
  /** Every field that a query may name. */
  "/api/v1/fields": {
  };
  /** Whether the server answers: `status` is `ok`, or `degraded` where it takes events and an
operator should look at something; `problems` says at what. */
  "/api/v1/health": {
  };
  /** Matching events by time and severity; the counts are exact. */
  "/api/v1/histogram": {
    /** The query, in the search syntax; everything where it is empty. */
    q?: string;
    /** Event times from here on: `2h`, `today`, `2026-11-24T10:00:00Z`. */
    since?: string | null;
    /** Event times before this. */
    until?: string | null;
    /** The zone of times that are written without one: `UTC` (also where it is not given) or
`+01:00`. */
    tz?: string | null;
    /** At most so many rows; 1,000 where it is not given. */
    limit?: number | null;
    /** By event time, `desc` (newest first) or `asc`. */
    order?: string | null;
    /** The columns wanted, with commas between; all where it is not given. */
    columns?: string | null;
    /** `ndjson`, `csv`, `parquet` or `ocsf`. */
    format?: string | null;
    /** Histogram: the width of a bar, such as `1h`. */
    step?: string | null;
    /** Facets: the column to count. */
    field?: string | null;
  };
  /** How far the import of a content has come. */
  "/api/v1/import/{content_sha256}": {
  };
  /** The signed checkpoint of the log (C2SP tlog-checkpoint): the newest that enough witnesses have
signed, or the first that they were asked for; the newest of all where none has to sign. */
  "/api/v1/ledger/checkpoint": {
    /** Whether the newest is asked for, signed by witnesses or not. */
    newest?: boolean | null;
  };
  /** Entries of the ledger that a checkpoint covers. */
  "/api/v1/ledger/entries": {
    /** The first entry, from 0; without it, the last ones are given. */
    first?: number | null;
    /** How many at the most, up to 1,000. */
    limit?: number | null;
  };
  /** A tile or a bundle of entries (C2SP tlog-tiles). */
  "/api/v1/ledger/tile/{path}": {
  };
  /** Events that match, sorted by event time. */
  "/api/v1/search": {
    /** The query, in the search syntax; everything where it is empty. */
    q?: string;
    /** Event times from here on: `2h`, `today`, `2026-11-24T10:00:00Z`. */
    since?: string | null;
    /** Event times before this. */
    until?: string | null;
    /** The zone of times that are written without one: `UTC` (also where it is not given) or
`+01:00`. */
    tz?: string | null;
    /** At most so many rows; 1,000 where it is not given. */
    limit?: number | null;
    /** By event time, `desc` (newest first) or `asc`. */
    order?: string | null;
    /** The columns wanted, with commas between; all where it is not given. */
    columns?: string | null;
    /** `ndjson`, `csv`, `parquet` or `ocsf`. */
    format?: string | null;
    /** Histogram: the width of a bar, such as `1h`. */
    step?: string | null;
    /** Facets: the column to count. */
    field?: string | null;
  };
  /** Asks in SQL, for a browser or curl. */
  "/api/v1/sql": {
    /** The question; the table is `events`. */
    sql: string;
    /** `ndjson`, `csv` or `parquet`. */
    format?: string | null;
  };
  /** Files, rows, bytes, what waits in the write-ahead log, and how it stands with the ledger. */
  "/api/v1/status": {
  };
}
