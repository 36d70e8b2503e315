// The Integrity page and the proof of an event: verified in the browser, and what is tampered with
// is refused.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { ADDRESS, cases, KEY, named, openProof, serveEvent, WITNESS } from './vectors.mjs';

const verdict = (page) => page.locator('.verdict');
const text = async (locator) => (await locator.innerText()).replaceAll(/\s+/g, ' ');
const open = async (page, site, query = '') => {
  await page.goto(`${site}/integrity${query}`);
  await verdict(page).first().waitFor();
};
const keep = (page, keys) =>
  page.addInitScript((text) => localStorage.setItem('stele.ledger.keys', text), keys);
const problem = (status, code, detail) => ({
  status,
  contentType: 'application/problem+json',
  body: JSON.stringify({ status, code, detail, title: '', type: '' }),
});
/** Answers a tile with one byte changed. */
const damage = (page, pattern) =>
  page.route(pattern, async (route) => {
    const answer = await route.fetch();
    const body = await answer.body();
    body[Math.floor(body.length / 2)] ^= 1;
    // The page may have gone on meanwhile.
    return route.fulfill({ response: answer, body }).catch(() => {});
  });

export const tests = {
  async 'the ledger is verified here, with few files'({ page, site }) {
    const asked = [];
    page.on('request', (request) => {
      if (request.url().includes('/api/')) asked.push(new URL(request.url()).pathname);
    });
    await open(page, site);
    const first = asked.length;
    assert.match(
      await text(verdict(page)),
      /^Sealed.* key has signed [\d,]+ entries; .* read here and hashed up to the signed root/,
    );
    // Seven, and again as many where the ledger grew meanwhile.
    assert.ok(first <= 16, `${first} requests: ${asked}`);
    assert.match(await text(page.locator('dl').first()), /Signature ✓ holds, key [0-9a-f]{8}/);
    await page.locator('figure svg').waitFor();
    assert.match(await page.locator('figure svg').getAttribute('aria-label'), /UTC: /);
    // The next reading goes on from the one before, and says so.
    await page.getByText('The ledger goes on from the one').waitFor({ timeout: 20_000 });
  },

  async 'an entry is opened, with each hash up to the root'({ page, site }) {
    await open(page, site);
    const row = page.locator('tbody tr').first().getByRole('button');
    await row.click();
    await page.waitForURL(/entry=\d+/);
    await page.locator('td ol li').nth(2).waitFor();
    const steps = await page.locator('td ol').innerText();
    assert.equal(steps.match(/: holds/g).length, 3, steps);
    await page.locator('td summary', { hasText: 'hash' }).last().click();
    assert.match(await page.locator('td dd.result').last().innerText(), /^[0-9a-f]{64}$/);
    await page.reload();
    await page.locator('td ol li').nth(2).waitFor();
  },

  async 'earlier, later, newest; by key too'({ page, site }) {
    await open(page, site);
    const newest = await page.locator('tbody th').first().innerText();
    if (await page.getByRole('button', { name: 'Earlier' }).isEnabled()) {
      await page.keyboard.press('[');
      await page.waitForURL(/until=\d+/);
      await page.waitForFunction(
        (before) => document.querySelector('tbody th').textContent.trim() !== before,
        newest,
      );
      await page.keyboard.press('n');
      await page.waitForURL((url) => !url.search.includes('until'));
    } else {
      console.log('     skipped: the ledger has one stretch only');
    }
    await open(page, site, '?until=1');
    assert.equal(await page.locator('tbody th').count(), 1);
    assert.match(await text(page.locator('tbody tr').first()), /^0 .*act a key signs: /);
  },

  async 'found: an entry, an event, a file, a time, nothing'({ page, site, stele }) {
    await open(page, site);
    const box = page.getByLabel(/Find an event/);
    const find = async (what) => {
      await page.keyboard.press('/');
      await box.fill(what);
      await page.keyboard.press('Enter');
    };
    await find('1');
    await page.locator('.found pre', { hasText: '"start"' }).waitFor();
    await page.locator('.found ol li').nth(2).waitFor();

    // What is in memory becomes a file, whose commit comes on record with the answer.
    await fetch(`${stele}/api/v1/admin/flush`, { method: 'POST' });
    const listed = await (await fetch(`${stele}/api/v1/ledger/entries?limit=1000`)).json();
    const files = listed.entries.map(({ record }) => record.changes?.find(({ add }) => add)?.add);
    const file = files.findLast((one) => one);
    await find(file.path);
    await page.locator('.found pre', { hasText: file.sha256 }).first().waitFor();
    await find(file.sha256);
    await page.locator('.found pre', { hasText: file.path }).first().waitFor();
    await find('no-such/file.parquet');
    await page.getByText(/No entry of the [\d,]+ newest names it/).waitFor();
    await find('no-such-id');
    await page.getByText('No event has this id').waitFor();
    await find('1-1');
    await page.locator('.found .trouble', { hasText: 'There is no event' }).waitFor();
    await find('99999999999');
    await page.locator('.found .trouble', { hasText: /The ledger has [\d,]+ entries/ }).waitFor();
    await find('now-1m');
    await page.waitForURL(/entry=\d+/);
    await page.locator('td ol li').nth(2).waitFor();

    const rows = await (
      await fetch(`${stele}/api/v1/search?q=source:shop&limit=1&columns=_batch,_pos`)
    ).text();
    const event = JSON.parse(rows.split('\n')[0]);
    await find(`${event._batch}-${event._pos}`);
    await page.locator('.found .proof').waitFor();
    await page.getByRole('link', { name: 'Open in Explore' }).click();
    await page.waitForURL(/explore.*tab=proof/);
    await page.locator('.detail .proof').waitFor();
  },

  async 'a changed byte of a tile is found'({ page, site }) {
    await damage(page, '**/ledger/tile/entries/**');
    await open(page, site);
    assert.match(await text(verdict(page)), /finding.*does not hash to its leaf|not a sound bundle/);
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    await damage(page, '**/ledger/tile/0/**');
    await open(page, site);
    assert.match(await text(verdict(page)), /finding.*(lead to the root|does not hash)/);
  },

  async 'another key, another past, a witness who has not signed'({ page, site, browser }) {
    await keep(page, KEY);
    await open(page, site);
    assert.match(await text(verdict(page)), /not signed by the key that is believed here/);
    await page.getByRole('button', { name: 'Change' }).click();
    await page.getByLabel(/Verifier keys/).fill('not a key');
    await page.getByRole('button', { name: 'Keep' }).click();
    await page.getByText('it is written name+id+base64').waitFor();
    await page.getByRole('button', { name: 'Forget' }).click();
    await page.locator('.verdict.good').waitFor();
    const told = await page.locator('.trust code').innerText();
    await page.getByRole('button', { name: 'keep your own key here' }).click();
    await page.getByLabel(/Verifier keys/).fill(`${told}\n${WITNESS}`);
    await page.getByRole('button', { name: 'Keep', exact: true }).click();
    await page.locator('.verdict.bad', { hasText: '0 of 1 witnesses have signed' }).waitFor();

    const other = await browser.newContext();
    const again = await other.newPage();
    await again.addInitScript(
      ([origin]) => {
        const seen = [{ origin, size: 2, root: `${'A'.repeat(43)}=`, at: 1 }];
        localStorage.setItem('stele.ledger.seen', JSON.stringify(seen));
      },
      [told.split('+')[0]],
    );
    await open(again, site);
    assert.match(await text(verdict(again)), /does not begin with the one that this browser saw/);
    await other.close();
  },

  async 'the ledger outruns the page: a file that is gone is asked for anew'({ page, site }) {
    let gone = 0;
    await page.route('**/ledger/tile/**/*.p/*', (route) => {
      gone += 1;
      return gone <= 2
        ? route.fulfill(problem(404, 'not_found', 'there is no tile'))
        : route.continue();
    });
    await open(page, site);
    await page.locator('.verdict.good').waitFor();
    assert.ok(gone > 2);
  },

  async 'nothing is sealed yet; no server'({ page, site }) {
    await page.route('**/ledger/checkpoint', (route) =>
      route.fulfill(problem(404, 'not_found', 'nothing was signed yet')),
    );
    await page.goto(`${site}/integrity`);
    await page.getByText('Nothing is sealed yet').waitFor();
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    await page.route('**/ledger/checkpoint', (route) => route.abort());
    await page.goto(`${site}/integrity`);
    await page.locator('.trouble', { hasText: 'server does not answer' }).waitFor();
  },

  async 'a proof is verified, and its files are given'({ page, site }) {
    await openProof(page, site);
    await page.locator('.verdict.good').waitFor();
    assert.match(await text(verdict(page)), /^Verified.*36 bytes.*entry 4 of 10 .*announces\.$/);
    assert.equal(await page.locator('.proof li.ok').count(), 7);
    await page.locator('.proof summary', { hasText: '6 hashes' }).click();
    const results = await page.locator('.proof li:nth-child(4) .result').allInnerTexts();
    const carried = await page.locator('.proof li:nth-child(4) .carried').allInnerTexts();
    assert.deepEqual(carried.slice(1), results.slice(0, -1));
    const command = await page.locator('.proof .command code').innerText();
    assert.equal(command, `stele verify --proof event-${ADDRESS}.tlog-proof --key '${KEY}'`);
    for (const [name, wanted] of [
      ['Proof', named('a small ledger').file],
      ['Record', named('a small ledger').raw],
    ]) {
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: new RegExp(`^${name}, `) }).click(),
      ]);
      assert.equal(readFileSync(await download.path(), 'utf8'), wanted);
    }
  },

  async 'every vector: what `stele verify` refuses is refused at the same step'({ page, site }) {
    const names = ['file', 'extra', 'leaf', 'batch', 'entry', 'checkpoint', 'witnesses', 'log'];
    let served;
    const keys = [...cases[0].keys];
    await serveEvent(page, { file: () => ({ body: served.file }), raw: '' });
    await page.route(`**/api/v1/events/${ADDRESS}/raw`, (route) =>
      route.fulfill({ contentType: 'application/octet-stream', body: served.raw }),
    );
    served = cases[0];
    await page.goto(`${site}/explore?open=${ADDRESS}&tab=proof`);
    for (const one of cases) {
      // Without a witness's key there is no witness to miss; other keys are kept by a reader.
      if (one.witnesses.length > 0 || String(one.keys) !== String(keys)) continue;
      served = one;
      await page.getByRole('button', { name: /^Verify (in this browser|again)$/ }).click();
      await page.waitForFunction(() => document.querySelector('.proof .ask button').disabled === false);
      await verdict(page).waitFor();
      const said = await text(verdict(page));
      if (one.fails === undefined) assert.match(said, /^Verified/, one.name);
      else {
        const step = names.indexOf(one.fails) + 1;
        assert.match(said, new RegExp(`^Not verified: step ${step} of 8 fails`), one.name);
      }
    }
  },

  async 'a wrong key is said, and another one helps'({ page, site }) {
    await keep(page, named('another key is believed').keys[0]);
    await openProof(page, site);
    await page.locator('.verdict.bad').waitFor();
    assert.match(
      await text(verdict(page)),
      /step 6 of 8 fails\. The checkpoint is signed by stele\.example\/ledger\+f345af49/,
    );
    await page.getByRole('button', { name: 'Change' }).click();
    await page.getByLabel(/Verifier keys/).fill(`${KEY}\n${named('another key is believed').keys[0]}`);
    await page.getByRole('button', { name: 'Keep', exact: true }).click();
    await page.locator('.verdict.good').waitFor();
  },

  async 'a witness is shown with the key that is kept'({ page, site }) {
    await keep(page, `${KEY}\n${WITNESS}`);
    await openProof(page, site, 'a witness');
    await page.locator('.verdict.good').waitFor();
    await page.locator('.proof li.ok', { hasText: '1 of 1 known witnesses' }).waitFor();
  },

  async 'not sealed yet: it is asked for again by itself'({ page, site }) {
    const detail = `event ${ADDRESS} cannot be proven: its batch is not in the checkpoint yet`;
    const { file, raw } = named('a small ledger');
    await serveEvent(page, {
      raw,
      file: (asked) => (asked <= 2 ? problem(409, 'not_sealed', detail) : { body: file }),
    });
    // Received just now, so there is something to wait for.
    await page.route(`**/api/v1/events/${ADDRESS}`, (route) => {
      const ingest_time = new Date().toISOString().replace('Z', '000Z');
      const event = { _batch: 1099511627781, _pos: 2, ingest_time, raw };
      return route.fulfill({
        contentType: 'application/json',
        body: JSON.stringify({ event, ocsf: {} }),
      });
    });
    await page.goto(`${site}/explore?open=${ADDRESS}&tab=proof`);
    await page.getByRole('button', { name: 'Verify in this browser' }).click();
    await page.getByText('Not sealed yet: that takes').waitFor();
    await page.locator('.verdict.good').waitFor();
  },

  async 'no proof: not found, not sealed, not given'({ page, site }) {
    const answers = [
      [problem(404, 'not_found', `there is no event \`${ADDRESS}\` here`), /There is no event/],
      [
        problem(409, 'not_sealed', 'its batch is not in the checkpoint yet'),
        /Not sealed yet\. The event is stored/,
      ],
      [problem(409, 'not_provable', 'it was erased'), /It was erased/],
      [
        problem(404, 'not_found', 'there is nothing at `GET /api/…/proof`'),
        /gives no proofs to a page.*stele prove --event/,
      ],
      [problem(500, 'ledger_failed', 'the ledger does not verify'), /ledger does not verify/],
    ];
    let answer;
    await serveEvent(page, { raw: 'x', file: () => answer });
    await page.goto(`${site}/explore?open=${ADDRESS}&tab=proof`);
    for (const [one, said] of answers) {
      answer = one;
      await page.getByRole('button', { name: /^Verify (in this browser|again)$/ }).click();
      await page.waitForFunction(
        (wanted) => new RegExp(wanted).test(document.querySelector('.proof').innerText.replaceAll(/\s+/g, ' ')),
        said.source,
      );
      assert.equal(await page.locator('.proof ol').count(), 0);
    }
  },

  async 'a record that is no UTF-8, from a server that gives text only'({ page, site }) {
    const { file } = named('other bytes of the event');
    await serveEvent(page, { file, raw: undefined }, { text: 'caf\ufffd' });
    await page.goto(`${site}/explore?open=${ADDRESS}&tab=proof`);
    await page.getByRole('button', { name: 'Verify in this browser' }).click();
    await page.locator('.verdict.bad', { hasText: 'bytes that are no UTF-8' }).waitFor();
  },

  async 'a browser without Ed25519, and one without cryptography'({ page, site }) {
    await page.addInitScript(() => {
      crypto.subtle.importKey = () => Promise.reject(new DOMException('no', 'NotSupportedError'));
    });
    await openProof(page, site);
    await page.locator('.verdict.wait', { hasText: 'does not know Ed25519' }).waitFor();
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    await page.goto(`${site}/integrity`);
    await page.locator('.verdict.wait', { hasText: 'does not know Ed25519' }).waitFor();
    await page.addInitScript(() => Object.defineProperty(crypto, 'subtle', { value: undefined }));
    await page.goto(`${site}/integrity`);
    await page.locator('.verdict.wait', { hasText: 'over HTTPS' }).waitFor();
  },

  async 'another event: nothing of the one before stays'({ page, site }) {
    await openProof(page, site);
    await page.locator('.verdict.good').waitFor();
    await page.locator('[role=row] [role=gridcell]').first().click();
    await page.getByRole('button', { name: 'Verify in this browser' }).waitFor();
    assert.equal(await page.locator('.proof ol').count(), 0);
  },

  async 'the proof of an event of this server'({ page, site, stele }) {
    const found = await fetch(`${stele}/api/v1/search?q=source:shop&limit=1&order=asc`);
    const { _batch, _pos } = JSON.parse((await found.text()).split('\n')[0]);
    const answer = await fetch(`${stele}/api/v1/events/${_batch}-${_pos}/proof`);
    assert.equal(answer.status, 200, 'the server makes the proof');
    await page.goto(`${site}/explore?open=${_batch}-${_pos}&tab=proof&since=all`);
    // While events stream in, the server's reading can be outrun by its own ledger.
    for (let left = 5; ; left -= 1) {
      await page.getByRole('button', { name: /^Verify (in this browser|again)$/ }).click();
      await page.locator('.verdict, .detail .trouble').waitFor({ timeout: 60_000 });
      if (left === 0 || (await page.locator('.verdict.good').count()) > 0) break;
    }
    assert.match(await text(page.locator('.verdict, .detail .trouble')), /^Verified in this/);
  },

  async 'what others wrote is text'({ page, site }) {
    const markup = '<img src=x onerror="window.owned=1">\u202e';
    await page.goto(`${site}/integrity?find=${encodeURIComponent(markup)}&kind=${markup}&entry=x`);
    await page.locator('.found').waitFor();
    assert.doesNotMatch(await page.locator('main').innerText(), /\u202e/);
    assert.equal(await page.locator('main img').count(), 0);
    const { raw } = named('a small ledger');
    await serveEvent(page, { raw, file: `c2sp.org/tlog-proof@v1\nindex ${markup}\n\nx` });
    await page.goto(`${site}/explore?open=${ADDRESS}&tab=proof`);
    await page.getByRole('button', { name: 'Verify in this browser' }).click();
    await page.locator('.verdict.bad', { hasText: 'step 1 of 8' }).waitFor();
    assert.doesNotMatch(await page.locator('.proof').innerText(), /\u202e/);
    assert.equal(await page.evaluate(() => 'owned' in window), false);
  },
};
