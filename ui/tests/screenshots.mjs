// Pictures of each view in both schemes, for eyes: tests/out/*.png.
// `node tests/screenshots.mjs [view…]`
import { VIEWS } from './access.mjs';
import { launch, openPage, OUT, STELE } from './browser.mjs';
import { servePage } from './page.mjs';

const SIZES = [
  [1440, 860],
  [1024, 768],
];
const chosen = process.argv.slice(2);
const site = await servePage(STELE);
const browser = await launch();
for (const colorScheme of ['light', 'dark']) {
  for (const [width, height] of SIZES) {
    for (const [name, go] of Object.entries(VIEWS)) {
      if (chosen.length > 0 && !chosen.includes(name)) continue;
      const { page, context } = await openPage(browser, {
        colorScheme,
        viewport: { width, height },
      });
      page.setDefaultTimeout(15_000);
      await go(page, site.url);
      await page.waitForTimeout(400);
      await page.screenshot({
        path: `${OUT}${name.replaceAll(' ', '-')}-${colorScheme}-${width}.png`,
      });
      await context.close();
    }
  }
}
await browser.close();
site.close();
