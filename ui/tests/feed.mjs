// Events that the tests need, sent once: what an attacker would write, a large record, records
// that cannot be read, and more severities than the demo has.

async function send(stele, path, body) {
  const response = await fetch(`${stele}/api/v1/ingest${path}`, { method: 'POST', body });
  if (!response.ok) throw new Error(`ingest: ${response.status} ${await response.text()}`);
  return response.json();
}

export const HOSTILE = [
  '<img src=x onerror="window.owned=1"><script>window.owned=1</script>',
  'invoice\u202efdp.exe \u2066isolated\u2069 zero\u200bwidth \ufeffmark',
  '\u001b[31mred\u001b[0m bell\u0007 \u0000null \u009b2J',
  '=HYPERLINK("http://evil.example/","click")',
  '{{constructor.constructor("window.owned=1")()}} ${7*7} javascript:alert(1)',
  'line one\nline two\r\nline three\ttab',
];

export async function feed(stele) {
  const known = await fetch(`${stele}/api/v1/search?q=source:hostile&limit=1&columns=time`);
  if ((await known.text()) !== '') return;
  const now = new Date().toISOString();
  const line = (object) => JSON.stringify({ time: now, ...object });
  const hostile = HOSTILE.map((message) => line({ message, user: message.slice(0, 40) }));
  await send(stele, '/json?source=hostile', hostile.join('\n'));
  const wide = Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`column_${at}`, at]));
  await send(stele, '/json?source=wide', line(wide));
  await send(stele, '/json?source=large', line({ message: 'large', text: 'x'.repeat(5_000_000) }));
  await send(
    stele,
    '/cloudtrail?source=broken',
    '{"Records":[{"eventTime":"never","eventName":7}]}\nnot json at all',
  );
  const severities = ['medium', 'high', 'critical'].map((severity) =>
    line({ severity, message: `a ${severity} thing`, user: 'severe' }),
  );
  await send(stele, '/json?source=severe', severities.join('\n'));
}

/** At least so many events of the source `bulk`, for scrolling. */
export async function bulk(stele, events) {
  const known = await fetch(`${stele}/api/v1/facets?field=source&q=source:bulk`);
  const [found] = await known.json();
  const have = found?.count ?? 0;
  const start = Date.UTC(2026, 0, 1);
  for (let at = have; at < events; at += 5_000) {
    const lines = Array.from({ length: 5_000 }, (_, of) =>
      JSON.stringify({
        time: new Date(start + (at + of) * 250).toISOString(),
        user: `user-${(at + of) % 977}`,
        src_ip: `10.${(at + of) % 251}.${(at + of) % 13}.7`,
        message: `event ${at + of} of many`,
      }),
    );
    await send(stele, '/json?source=bulk', lines.join('\n'));
  }
}
