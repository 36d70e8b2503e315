// axe-core on every page and state, in both schemes; narrow windows, zoom, forced colours.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { openPage, OUT } from './browser.mjs';
import { settled } from './explore.mjs';
import { openProof, WITNESS, KEY } from './vectors.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'];

const explore = (query) => async (page, site) => {
  await page.goto(`${site}/explore${query}`);
  await page.locator('.cm-content').waitFor();
  await settled(page);
  await page.waitForTimeout(1_500);
};
export const VIEWS = {
  overview: async (page, site) => {
    await page.goto(site);
    await page.locator('.ledger').waitFor();
  },
  sources: async (page, site) => {
    await page.goto(`${site}/sources?find=broken&source=broken`);
    await page.locator('pre').first().waitFor();
  },
  integrity: async (page, site) => {
    await page.goto(`${site}/integrity`);
    await page.locator('.verdict').waitFor();
    await page.waitForTimeout(300);
  },
  'an entry': async (page, site) => {
    await page.goto(`${site}/integrity?find=1`);
    await page.locator('.found ol li').first().waitFor();
    await page.locator('.found summary').last().click();
  },
  'other keys': async (page, site) => {
    await page.addInitScript(
      (keys) => localStorage.setItem('stele.ledger.keys', keys),
      `${KEY}\n${WITNESS}`,
    );
    await page.goto(`${site}/integrity`);
    await page.locator('.verdict.bad').waitFor();
    await page.getByRole('button', { name: 'Change' }).click();
  },
  'a proof': async (page, site) => {
    await openProof(page, site);
    await page.locator('.verdict.good').waitFor();
    for (const at of [0, 1]) await page.locator('.proof summary').nth(at).click();
  },
  'a wrong proof': async (page, site) => {
    await openProof(page, site, 'other bytes of the event');
    await page.locator('.verdict.bad').waitFor();
  },
  explore: explore(''),
  'an event': async (page, site) => {
    await explore('?q=src_ip:203.0.113.77')(page, site);
    await page.locator('#cell-2-3').click();
    await page.locator('.detail dl').first().waitFor();
  },
  'a record': async (page, site) => {
    await VIEWS['an event'](page, site);
    await page.getByRole('tab', { name: 'Record' }).click();
    await page.locator('.detail pre').waitFor();
  },
  context: async (page, site) => {
    await VIEWS['an event'](page, site);
    await page.getByRole('button', { name: 'In context' }).click();
    await page.locator('.pinned').waitFor();
  },
  sql: explore(
    `?sql=${encodeURIComponent('SELECT source_type, count(*) AS n FROM events GROUP BY source_type')}`,
  ),
  'a mistake': explore('?q=userr:x'),
  'nothing found': explore('?q=user:nobody-at-all'),
  live: explore('?live=1&since=1h'),
  'time range': async (page, site) => {
    await explore('')(page, site);
    await page.getByRole('button', { name: /Last 24 hours/ }).click();
  },
  columns: async (page, site) => {
    await explore('')(page, site);
    await page.getByRole('button', { name: 'Columns' }).click();
  },
  export: async (page, site) => {
    await explore('')(page, site);
    await page.getByRole('button', { name: 'Export' }).click();
  },
  completion: async (page, site) => {
    await explore('')(page, site);
    await page.locator('.cm-content').click();
    await page.keyboard.type('user:c');
    await page.locator('.cm-tooltip-autocomplete li').first().waitFor();
  },
  palette: async (page, site) => {
    await explore('')(page, site);
    await page.keyboard.press('Control+k');
    await page.locator('[role=option]').first().waitFor();
  },
  keys: async (page, site) => {
    await explore('')(page, site);
    await page.getByRole('button', { name: /^Keys/ }).click();
    await page.getByRole('heading', { name: 'Keys' }).waitFor();
  },
};

async function audit(page) {
  // Through the debugger, not the page: the policy of the page lets no script in.
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(
    (rules) => axe.run(document, { runOnly: rules }),
    RULES,
  );
  return violations.map(
    ({ id, nodes }) =>
      `${id}: ${nodes
        .slice(0, 3)
        .map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary.split('\n')[1]}`)
        .join(' || ')}`,
  );
}

async function inEach({ browser, site }, options, act) {
  const found = [];
  for (const [name, go] of Object.entries(VIEWS)) {
    const { page, context } = await openPage(browser, options);
    page.setDefaultTimeout(15_000);
    try {
      await go(page, site);
      found.push(...(await act(page, name)).map((one) => `${name}: ${one}`));
    } finally {
      await context.close();
    }
  }
  assert.deepEqual(found, []);
}

/** Nothing but what scrolls on its own may be wider than the window. */
async function tooWide(page) {
  return page.evaluate(() => {
    const over = document.documentElement.scrollWidth - document.documentElement.clientWidth;
    const main = document.querySelector('main');
    const inner = main.scrollWidth - main.clientWidth;
    return over > 0 || inner > 0 ? [`scrolls sideways by ${Math.max(over, inner)} px`] : [];
  });
}

export const tests = {
  'axe, light': (given) => inEach(given, { colorScheme: 'light' }, audit),
  'axe, dark': (given) => inEach(given, { colorScheme: 'dark' }, audit),
  '1024 px wide: nothing scrolls sideways': (given) =>
    inEach(given, { viewport: { width: 1024, height: 768 } }, tooWide),
  '200 % zoom of 1024 px: nothing scrolls sideways, axe': (given) =>
    inEach(
      given,
      { viewport: { width: 512, height: 384 }, deviceScaleFactor: 2 },
      async (page, name) => {
        await page.screenshot({ path: `${OUT}zoom-${name.replaceAll(' ', '-')}.png` });
        return [...(await tooWide(page)), ...(await audit(page))];
      },
    ),
  'forced colours and reduced motion': (given) =>
    inEach(given, { forcedColors: 'active', reducedMotion: 'reduce' }, async (page, name) => {
      if (['explore', 'an event', 'overview'].includes(name)) {
        await page.screenshot({ path: `${OUT}forced-${name.replaceAll(' ', '-')}.png` });
      }
      return page.evaluate(() => (document.getAnimations().length > 0 ? ['something moves'] : []));
    }),
};
