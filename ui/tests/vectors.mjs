// An event with a proof, from the vectors of the ledger: what the server is asked for is answered
// here, so that a proof can also be one that was tampered with.
import { readFileSync } from 'node:fs';

const FOLDER = new URL('../../crates/stele-ledger/tests/vectors/', import.meta.url);
export const { cases } = JSON.parse(readFileSync(new URL('event_proofs.json', FOLDER), 'utf8'));
export const named = (name) => cases.find((one) => one.name === name);
export const KEY = named('a small ledger').keys[0];
export const WITNESS = named('a witness').witnesses[0];
export const ADDRESS = '1099511627781-2';

const TIME = '2025-07-22T00:00:00.000000Z';

/** Answers for one event; `proof` and `raw` may be functions of how often they were asked for. */
export async function serveEvent(page, { file, raw }, { text = raw, key = KEY } = {}) {
  const json = (value) => ({ contentType: 'application/json', body: JSON.stringify(value) });
  const event = {
    _batch: 1099511627781,
    _pos: 2,
    time: TIME,
    ingest_time: TIME,
    operation: 'GetObject',
    source: 'web-1',
    source_type: 'cloudtrail',
    severity_id: 1,
    raw: text,
  };
  await page.route(`**/api/v1/events/${ADDRESS}`, (route) =>
    route.fulfill(json({ event, ocsf: { class_name: 'API Activity' } })),
  );
  let asked = 0;
  await page.route(`**/api/v1/events/${ADDRESS}/proof`, (route) => {
    asked += 1;
    const answer = typeof file === 'function' ? file(asked) : { body: file };
    return route.fulfill({ contentType: 'text/plain', ...answer });
  });
  await page.route(`**/api/v1/events/${ADDRESS}/raw`, (route) =>
    route.fulfill(
      raw === undefined
        ? {
            status: 404,
            contentType: 'application/problem+json',
            body: JSON.stringify({ code: 'not_found', detail: 'there is nothing at `GET …/raw`' }),
          }
        : { contentType: 'application/octet-stream', body: raw },
    ),
  );
  await page.route('**/api/v1/ledger/entries?first=0&limit=1', (route) =>
    route.fulfill(json({ size: 1, entries: [{ index: 0, record: { act: { key: { key } } } }] })),
  );
}

/** The event with its proof, verified. */
export async function openProof(page, site, name = 'a small ledger', options = {}) {
  await serveEvent(page, { ...named(name) }, options);
  await page.goto(`${site}/explore?open=${ADDRESS}&tab=proof`);
  await page.getByRole('button', { name: 'Verify in this browser' }).click();
}
