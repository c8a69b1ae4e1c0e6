import { MemTable, ValueType } from '@memtable/memtable';
import {
  describeInBrowser,
  drop,
  expectFigure,
  figure,
  inBrowser,
  type Opening,
  screenshot,
  seriousFindings,
} from './page.js';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The title and the figures of each step of the tour. */
const TOUR: [string, Record<string, string>][] = [
  ['The first allocation', { 'memory usage': '4,104 bytes', 'head of the list': '104 bytes' }],
  ['Bump allocation', { 'memory usage': '4,104 bytes', 'still free': '3,904 bytes' }],
  ['1,025 bytes get a dedicated block', { 'memory usage': '5,137 bytes', 'dedicated block': '1,025 bytes' }],
  ['A tail is lost', { 'memory usage': '9,241 bytes', 'lost tail': '936 bytes' }],
  ['Alignment', { 'memory usage': '9,241 bytes', 'slop so far': '14 bytes' }],
  ['Two versions of a key', { 'memory usage': '9,241 bytes', 'versions of "apple"': 'sequences 8 and 1' }],
  ['A tombstone', { 'memory usage': '9,241 bytes', tombstones: '1' }],
  ['Freeze', { active: '4,104 bytes', frozen: '9,241 bytes' }],
  ['Flush', { frozen: '9,241 bytes', 'read by the target': '9 entries' }],
  ['Drop', { 'memory usage': '4,104 bytes', 'at the target': '9 entries' }],
];

describeInBrowser('the page', () => {
  const browser = inBrowser();
  const open = (hash: string, opening?: Opening) => browser.open(hash, opening);

  test('shows the ten steps of the tour with their figures, one after the other', async () => {
    const page = await open('');
    for (const [i, [title, figures]] of TOUR.entries()) {
      if (i > 0) await page.click('.tour-nav .primary');
      await page.waitForFunction((title) => document.getElementById('tour-title')!.innerText === title, title);
      const shown = await page.$$eval('#tour-figures > div', (rows) =>
        rows.map((row) => [row.querySelector('dt')!.innerText, row.querySelector('dd')!.innerText]),
      );
      expect([title, Object.fromEntries(shown)]).toEqual([title, figures]);
      await screenshot(page, `tour-${String(i + 1).padStart(2, '0')}`);
    }
    expect(await page.innerText('#account')).toBe('9 accepted = 0 active + 0 frozen + 9 flushed: nothing is lost');
    expect(await page.isDisabled('.tour-nav .primary')).toBe(true);
  });

  test('performs put, delete, batch, step and undo, and its URL restores the same state', async () => {
    const page = await open('do=');
    await expectFigure(page, 'memory usage', '4,104 bytes');
    await page.getByLabel('Key').fill('a~*: key');
    await page.getByRole('button', { name: 'Put', exact: true }).click();
    await page.getByRole('button', { name: 'Delete' }).click();
    await expectFigure(page, 'entries', '2');
    await page.getByText('Batch', { exact: true }).click();
    await page.getByRole('button', { name: 'Add put' }).click();
    await page.getByRole('button', { name: 'Add delete' }).click();
    await page.getByRole('button', { name: 'Write batch' }).click();
    await expectFigure(page, 'entries', '4');
    for (let i = 0; i < 3; i++) await page.getByRole('button', { name: 'Step', exact: true }).click();
    await expectFigure(page, 'entries', '7');
    const free = await figure(page, 'free');
    await page.getByRole('button', { name: 'Step', exact: true }).click();
    await expectFigure(page, 'entries', '8');
    await page.getByRole('button', { name: 'Undo' }).click();
    await expectFigure(page, 'entries', '7');
    await expectFigure(page, 'free', free);
    await page.waitForFunction(() => location.hash.includes('do=') && location.hash.includes('*3'));
    const again = await open(new URL(page.url()).hash.slice(1));
    await expectFigure(again, 'entries', '7');
    await expectFigure(again, 'free', free);
    for (let i = 0; i < 6; i++) await again.getByRole('button', { name: 'Undo' }).click();
    await expectFigure(again, 'entries', '0');
  });

  test("shows LevelDB's memory usage for 1,000 sample entries", async () => {
    const page = await open('writeBufferBytes=4194304&from=random:s:1000&do=');
    await expectFigure(page, 'memory usage', '4,104 bytes');
    await page.getByRole('button', { name: 'Load' }).click();
    await expectFigure(page, 'memory usage', '151,848 bytes');
    await expectFigure(page, 'entries', '1,000');
    await screenshot(page, 'memory');
    await page.getByLabel('Layout').selectOption('compact');
    await page.getByRole('combobox', { name: 'Index' }).selectOption('block');
    await expectFigure(page, 'entries', '1,000');
    await page.getByRole('tab', { name: 'Index' }).click();
    await screenshot(page, 'block-list');
  });

  test('shows a write stall at a failing target, loses nothing, and flushes all entries in the end', async () => {
    const page = await open('do=t:failing&view=lifecycle&writeBufferBytes=16384&from=random:s:1000');
    await page.getByRole('button', { name: 'Load' }).click();
    await page.waitForFunction(() => /failed \d/.test(document.getElementById('stations')!.innerText));
    expect(await page.innerText('#stations')).toContain('1 waiting');
    expect(await page.innerText('#account')).toMatch(
      /accepted = \d+ active \+ \d+ frozen \+ 0 flushed: nothing is lost/,
    );
    await page.waitForFunction(() => document.getElementById('events')!.innerText.includes('no space left'));
    await screenshot(page, 'failing-target');
    await page.getByRole('radio', { name: /^prompt/ }).check();
    await page.waitForFunction(() => document.getElementById('account')!.innerText.startsWith('1,000 accepted'));
    expect(await page.innerText('#account')).toContain('nothing is lost');
    await page.getByRole('button', { name: 'Freeze' }).click();
    await page.waitForFunction(() => document.getElementById('stations')!.innerText.includes('1,000 entries'));
    expect(await page.innerText('#account')).toBe(
      '1,000 accepted = 0 active + 0 frozen + 1,000 flushed: nothing is lost',
    );
  });

  test('shows the comparisons of a search', async () => {
    const page = await open('do=s:words:s:200&view=list');
    await page.getByLabel('Search for a key').fill('moon');
    await page.getByRole('button', { name: 'Search' }).click();
    await page.waitForSelector('#search-steps li');
    expect(await page.innerText('#search-steps')).toMatch(/^Level \d: "\w+" is (smaller, move to it|not smaller)/);
    while (await page.getByRole('button', { name: 'Next' }).isEnabled()) {
      await page.getByRole('button', { name: 'Next' }).click();
    }
    expect(await page.innerText('#search-steps .found')).toMatch(/^Arrived at "moon", sequence \d+\.$/);
    await screenshot(page, 'search');
  });

  test('names the allocation under the pointer, and selects and follows links with the keyboard', async () => {
    const page = await open('tour=2');
    const box = (await page.locator('#strip').boundingBox())!;
    const found: string[] = [];
    for (let x = 20; x < box.width; x += 12) {
      await page.mouse.move(box.x + x, box.y + 60);
      if ((await page.locator('#tip').count()) > 0) found.push(await page.innerText('#tip h3'));
    }
    expect(found).toContain('Tower of the head');
    expect(await page.innerText('#details h3')).toBe('Entry "banana"');
    await page.focus('#strip');
    await page.keyboard.press('ArrowLeft');
    await page.waitForFunction(() => document.getElementById('details')!.innerText.includes('Tower of "apple"'));
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.getElementById('details')!.innerText.includes('Tower of "banana"'));
    expect(await page.innerText('#announcement')).toContain('Tower of "banana"');
  });

  test('opens a dropped dump, and refuses a damaged one with the reason', async () => {
    const table = new MemTable({ layout: 'leveldb' });
    for (let i = 0; i < 500; i++) table.add(i, ValueType.Value, utf8(`key ${i}`), utf8('value'));
    table.freeze();
    const { u8, usedBytes } = table.arena.memory;
    const bytes = u8.slice(0, usedBytes);
    const page = await open('tour=1');
    await drop(page, 'table.dump', bytes);
    await expectFigure(page, 'entries', '500');
    await expectFigure(page, 'state', 'frozen');
    await expectFigure(page, 'memory usage', `${table.approximateMemoryUsage().toLocaleString('en-US')} bytes`);
    expect(await page.innerText('#shown')).toContain('table.dump');
    await screenshot(page, 'dump');

    await drop(page, 'cut.dump', bytes.subarray(0, 20_000));
    expect(await page.innerText('#message')).toMatch(
      /cut\.dump cannot be shown: the superblock says \d+ bytes are in use, the buffer has 20000/,
    );
    await drop(page, 'text.txt', utf8('hello '.repeat(100)));
    await page.waitForFunction(() => document.getElementById('message')!.innerText.includes('text.txt'));
    expect(await page.innerText('#message')).toContain('no memory of this version');
    const damaged = bytes.slice();
    damaged.fill(0xff, 3000, 3100);
    await drop(page, 'damaged.dump', damaged);
    await page.waitForFunction(() => document.getElementById('message')!.innerText.includes('damaged.dump'));
    expect(await page.innerText('#message')).toMatch(/[A-Z]\d: .*\d+/);
    await expectFigure(page, 'entries', '500');
    await page.getByRole('button', { name: 'close' }).click();
    await page.getByRole('button', { name: 'Put', exact: true }).click();
    await expectFigure(page, 'entries', '1');
  });

  test('reports the invalid parts of a URL, and applies the valid ones', async () => {
    const page = await open('do=p:a:1~what&blockBytes=77&layout=compact&tour=99');
    expect(await page.innerText('#message')).toContain('blockBytes=77; "what" is not an operation');
    await page.getByRole('button', { name: 'Dismiss' }).click();
    await page.getByRole('button', { name: 'Put', exact: true }).click();
    await expectFigure(page, 'entries', '1');
  });

  test.each([
    ['tour=1', {}],
    ['tour=6', { width: 390, height: 844 }],
    ['do=s:words:s:300&view=list&seek=moon', { dark: true }],
    ['do=t:failing~s:words:s:3000&view=lifecycle&writeBufferBytes=16384', { width: 390, height: 844, dark: true }],
    ['layout=compact&index=block&do=s:paths:a:500&at=300', { width: 820 }],
  ])('has no serious accessibility finding at %s %o', async (hash, opening) => {
    const page = await open(hash, opening);
    expect(await seriousFindings(page)).toEqual([]);
    // Nothing overflows to the side.
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    await screenshot(page, `view-${hash.replace(/\W+/g, '-').slice(0, 40)}`);
  });

  test('loads 100,000 entries, and prints the time to load them and the frame rate of panning', async () => {
    const page = await open('writeBufferBytes=67108864&from=random:s:100000&do=');
    const loadMs = await page.evaluate(load);
    await expectFigure(page, 'memory usage', '14,860,584 bytes');

    const lines = [`100,000 entries are loaded and shown after ${loadMs.toFixed(0)} ms`];
    lines.push(`panning the memory:    ${describeFrames(await page.evaluate(pan, '#strip'))}`);
    await page.getByRole('tab', { name: 'Index' }).click();
    await page.waitForSelector('#plot');
    lines.push(`panning the skip list: ${describeFrames(await page.evaluate(pan, '#plot'))}`);
    await screenshot(page, 'skip-list-100000');
    await page.getByLabel('Layout').selectOption('compact');
    await page.getByRole('combobox', { name: 'Index' }).selectOption('block');
    await page.waitForFunction(() => document.getElementById('list-title')!.textContent === 'Block list');
    lines.push(`panning the block list: ${describeFrames(await page.evaluate(pan, '#plot'))}`);
    console.log(lines.join('\n'));
    await expectFigure(page, 'entries', '100,000');
  });
});

/** Runs in the page: loads the chosen sample. @returns the milliseconds until a frame showed it */
async function load(): Promise<number> {
  const start = performance.now();
  document.querySelector<HTMLElement>('#load')!.click();
  const shown = document.querySelector<HTMLElement>('[data-figure="entries"] dd')!;
  while (shown.innerText !== '100,000') await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
  return performance.now() - start;
}

/** Runs in the page: pans a little in every frame. @returns the milliseconds of each frame */
async function pan(selector: string): Promise<number[]> {
  const element = document.querySelector<HTMLElement>(selector)!;
  const frames: number[] = [];
  if (selector === '#plot') {
    for (let i = 0; i < 12; i++) element.dispatchEvent(new WheelEvent('wheel', { deltaY: -150, cancelable: true }));
  }
  let last = await new Promise<number>(requestAnimationFrame);
  for (let i = 0; i < 90; i++) {
    if (selector === '#strip') element.scrollTop += 37;
    else element.dispatchEvent(new WheelEvent('wheel', { deltaX: 25, cancelable: true }));
    const now = await new Promise<number>(requestAnimationFrame);
    frames.push(now - last);
    last = now;
  }
  return frames;
}

function describeFrames(frames: readonly number[]): string {
  const fast = frames.filter((ms) => ms < 20).length;
  const median = frames.toSorted((a, b) => a - b)[frames.length >> 1];
  return `${((100 * fast) / frames.length).toFixed(0)} % of ${frames.length} frames under 20 ms, median ${median.toFixed(1)}`;
}
