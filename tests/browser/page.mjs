// Opens the page in Chromium as a reader would, and holds it to what a reader may expect.
// Usage: node page.mjs PAGE.html FOLDER-FOR-SCREENSHOTS
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const modules = createRequire(`${process.env.MODULES}/`);
const { chromium } = modules('playwright-core');
const axe = readFileSync(modules.resolve('axe-core/axe.min.js'), 'utf8');
const [file, folder] = process.argv.slice(2);
const address = pathToFileURL(file).href;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
});

async function open(options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const troubles = [];
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && troubles.push(message.text()));
  page.on('pageerror', (error) => troubles.push(String(error)));
  page.on('request', (request) => request.url() !== address && troubles.push(`asked for ${request.url()}`));
  await page.goto(address);
  return { page, troubles };
}

const shown = (page) => page.locator('article[data-severity]:visible').count();

const { page, troubles } = await open({ viewport: { width: 1280, height: 900 } });
const all = await shown(page);
assert(all > 10, `${all} findings`);

// Filters, by mouse and by keyboard.
const counts = {};
for (const severity of await page.locator('select[name=severity] option').evaluateAll((o) => o.map((e) => e.value))) {
  await page.selectOption('select[name=severity]', severity);
  counts[severity || 'all'] = await shown(page);
  if (severity) {
    assert.equal(await page.locator(`article[data-severity]:not([data-severity=${severity}]):visible`).count(), 0);
    assert(counts[severity] > 0 && counts[severity] < all, severity);
  }
}
assert.equal(counts.all, all);
await page.selectOption('select[name=severity]', '');
for (const name of ['policy', 'status']) {
  const value = await page.locator(`select[name=${name}] option`).nth(1).getAttribute('value');
  await page.selectOption(`select[name=${name}]`, value);
  assert((await shown(page)) > 0, value);
  assert.equal(await page.locator(`article[data-severity]:not([data-${name}="${value}"]):visible`).count(), 0);
  await page.selectOption(`select[name=${name}]`, '');
}
await page.focus('select[name=severity]');
await page.keyboard.press('ArrowDown');
const narrowed = await shown(page);
const [, first] = Object.entries(counts).find(([name]) => name !== 'all');
assert.equal(narrowed, first, 'an arrow key filters by the first severity');
assert.equal(await page.textContent('#shown'), `${narrowed} of ${all} findings shown`);
await page.click('text=Show all');
await page.waitForFunction((n) => document.querySelectorAll('article[data-severity]:not([hidden])').length === n, all);

// Commands can be copied.
await page.locator('button', { hasText: 'Copy' }).first().click();
await page.locator('button', { hasText: /Copied|Selected/ }).first().waitFor();

// Charts are seen.
const charts = page.locator('svg.chart');
assert((await charts.count()) > 1, 'the total and a driver');
for (let number = 0; number < await charts.count(); number += 1) {
  const box = await charts.nth(number).boundingBox();
  assert(box.width > 300 && box.height > 60, JSON.stringify(box));
  const line = await charts.nth(number).locator('polyline.days').boundingBox();
  assert(line.width > 200, 'a line across the days');
  assert((await charts.nth(number).locator('desc').textContent()).includes('in the last seven days'));
}
assert((await page.locator('circle.marked').count()) > 0, 'a day that a finding is about');
assert((await page.locator('polygon.band').count()) > 0, 'what is usual');

async function accessible(page, what) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => axe.run());
  assert.deepEqual(violations.map((v) => `${what}: ${v.id}: ${v.help}: ${v.nodes[0].html.slice(0, 200)}`), []);
}

const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
assert((await overflow(page)) <= 0, 'too wide for a desktop');
await charts.first().scrollIntoViewIfNeeded();
await page.screenshot({ path: `${folder}/charts.png` });
await page.locator('#filters').scrollIntoViewIfNeeded();
await page.screenshot({ path: `${folder}/findings.png` });
await page.pdf({ path: `${folder}/print.pdf`, format: 'A4' });
assert.deepEqual(troubles, []);

for (const [name, options] of Object.entries({
  phone: { viewport: { width: 360, height: 740 }, colorScheme: 'light' },
  light: { viewport: { width: 1280, height: 900 }, colorScheme: 'light' },
  dark: { viewport: { width: 1280, height: 900 }, colorScheme: 'dark' },
})) {
  const { page, troubles } = await open({ ...options, bypassCSP: true });
  assert((await overflow(page)) <= 0, `${name}: too wide by ${await overflow(page)}`);
  const broken = await page.locator('.driver tbody td:nth-child(2)').evaluateAll((cells) => cells.filter((cell) => {
    const text = document.createRange();
    text.selectNodeContents(cell);
    return text.getClientRects().length > 1;
  }).map((cell) => cell.textContent));
  assert.deepEqual(broken, [], `${name}: amounts broken over lines`);
  await page.screenshot({ path: `${folder}/${name}.png` });
  await accessible(page, name);
  assert.deepEqual(troubles, []);
}

// Without a script all is there, and nothing that would not work.
const plain = (await open({ javaScriptEnabled: false })).page;
assert.equal(await shown(plain), all);
assert(await plain.locator('#filters').isHidden());
assert.equal(await plain.locator('button:visible').count(), 0);

await browser.close();
console.log(`the page in a browser: ${all} findings, by filter ${JSON.stringify(counts)}: ok`);
