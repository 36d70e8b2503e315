// Words for numbers, as the search syntax has them, and the short names of columns.
// docs/search-syntax.md is where they are explained; the interface does not tell them yet.

const STATUSES = { unknown: 0, success: 1, failure: 2, other: 99 };

export const WORDS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  severity_id: {
    unknown: 0,
    info: 1,
    low: 2,
    medium: 3,
    high: 4,
    critical: 5,
    fatal: 6,
    other: 99,
  },
  status_id: STATUSES,
  action_id: { unknown: 0, allowed: 1, denied: 2, observed: 3, modified: 4, other: 99 },
  direction_id: { unknown: 0, inbound: 1, outbound: 2, lateral: 3, local: 4, other: 99 },
  protocol_num: { icmp: 1, igmp: 2, tcp: 6, udp: 17, gre: 47, esp: 50, icmpv6: 58, sctp: 132 },
  category_uid: {
    system: 1,
    findings: 2,
    iam: 3,
    network: 4,
    discovery: 5,
    application: 6,
    remediation: 7,
  },
  class_uid: {
    base_event: 0,
    file_activity: 1001,
    process_activity: 1007,
    detection_finding: 2004,
    account_change: 3001,
    authentication: 3002,
    authorize_session: 3003,
    entity_management: 3004,
    user_access: 3005,
    group_management: 3006,
    network_activity: 4001,
    http_activity: 4002,
    dns_activity: 4003,
    ssh_activity: 4007,
    email_activity: 4009,
    web_resources_activity: 6001,
    application_lifecycle: 6002,
    api_activity: 6003,
    datastore_activity: 6005,
    application_error: 6008,
  },
};

const BY_NUMBER = new Map(
  Object.entries(WORDS).map(([column, words]) => [
    column,
    new Map(Object.entries(words).map(([word, number]) => [number, word])),
  ]),
);

/** The word for a number of a column, where there is one. */
export function word(column: string, number: number): string | undefined {
  return BY_NUMBER.get(column)?.get(number);
}

/** The short name that one writes, and the column that it stands for. */
export const SHORT: Readonly<Record<string, string>> = {
  access_key: 'credential_uid',
  account: 'account_uid',
  agent: 'user_agent',
  arn: 'user_uid',
  category: 'category_uid',
  class: 'class_uid',
  command: 'process_cmd_line',
  direction: 'direction_id',
  disposition: 'disposition_id',
  dst: 'dst_ip',
  error: 'status_code',
  event: 'operation',
  file: 'file_path',
  format: 'source_type',
  host: 'host_name',
  http: 'http_status',
  id: 'event_uid',
  ip: 'src_ip',
  src: 'src_ip',
  method: 'http_method',
  mfa: 'is_mfa',
  path: 'url_path',
  program: 'process_name',
  protocol: 'protocol_num',
  request: 'request_uid',
  session: 'session_uid',
  severity: 'severity_id',
  status: 'status_id',
  trace: 'trace_uid',
  user: 'user_name',
};

const TERSE = new Map(
  Object.entries(SHORT)
    .filter(([name]) => name !== 'src')
    .map(([name, column]) => [column, name]),
);

/** The name of a column that a reader sees: the short one where there is one. */
export function shownName(column: string): string {
  return TERSE.get(column) ?? column;
}

export type Level = 'info' | 'low' | 'medium' | 'high' | 'critical';

/** The ink of a severity. */
export function level(severity: unknown): Level {
  if (severity === 2) return 'low';
  if (severity === 3) return 'medium';
  if (severity === 4) return 'high';
  return severity === 5 || severity === 6 ? 'critical' : 'info';
}
