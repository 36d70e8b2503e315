// Drives the page in a browser against the server at STELE_URL (with the demo loaded), and measures
// it. `node tests/run.mjs [suite…]`; needs `npm run build` before.
import assert from 'node:assert/strict';
import { launch, openPage, OUT, STELE } from './browser.mjs';
import { feed } from './feed.mjs';
import { servePage } from './page.mjs';

const SUITES = ['explore', 'pages', 'integrity', 'keyboard', 'hostile', 'trouble', 'access', 'measure'];
const chosen = process.argv.slice(2);
const browser = await launch();
const hooks = { answer: undefined };
const site = await servePage(STELE, { hook: (...both) => hooks.answer?.(...both) ?? false });
await feed(STELE);
let [passed, failed] = [0, 0];

for (const suite of SUITES.filter((name) => chosen.length === 0 || chosen.includes(name))) {
  const { tests, options } = await import(`./${suite}.mjs`);
  for (const [name, run] of Object.entries(tests)) {
    if (process.env.ONLY && !name.includes(process.env.ONLY)) continue;
    const { page, context, complaints } = await openPage(browser, options);
    page.setDefaultTimeout(10_000);
    hooks.answer = undefined;
    const began = Date.now();
    try {
      await run({ page, context, site: site.url, stele: STELE, hooks, complaints, browser });
      // Chromium itself styles a letter that is typed over a selection; the policy refuses, and nothing is lost.
      const unexpected = complaints.filter(
        (one) =>
          !/status of (?:400|404|409|500)|ERR_|Failed to fetch|Applying inline style/.test(one),
      );
      assert.deepEqual(unexpected, [], 'the browser complained');
      passed += 1;
      console.log(`ok   ${suite}: ${name} (${Date.now() - began} ms)`);
    } catch (error) {
      failed += 1;
      console.log(
        `FAIL ${suite}: ${name}\n     ${String(error.stack ?? error)
          .split('\n')
          .slice(0, 7)
          .join('\n     ')}`,
      );
      if (complaints.length > 0)
        console.log(`     the browser said: ${complaints.slice(0, 4).join(' | ')}`);
      await page
        .screenshot({ path: `${OUT}fail-${suite}-${name.replaceAll(/\W+/g, '-')}.png` })
        .catch(() => {});
    }
    await context.close();
  }
}
await browser.close();
site.close();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
