/** Opens the page in a real browser, served as by `npm run lab`. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';

jest.setTimeout(30_000);

const CANDIDATES = [
  process.env['CHROMIUM'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

/** The path of a browser, if one is found. */
export const browserPath = CANDIDATES.find((path) => path !== undefined && existsSync(path));

/** Describes tests that need a browser. Without one they are skipped, and a line says why. */
export function describeInBrowser(name: string, body: () => void): void {
  if (browserPath !== undefined) return describe(name, body);
  const reason = 'no Chromium found: apt-get install chromium, or set CHROMIUM to its path';
  process.stderr.write(`${name} is not tested: ${reason}\n`);
  describe.skip(`${name} (${reason})`, body);
}

/** The tests store their screenshots here. */
const SCREENSHOTS = join(__dirname, '../screenshots');
const LAB = join(__dirname, '../dist/cli/lab.js');
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export interface Opening {
  width?: number;
  height?: number;
  dark?: boolean;
}

/** Serves the page and starts the browser before the tests of a file, and ends both after them. */
export function inBrowser(): { open(hash: string, opening?: Opening): Promise<Page> } {
  const pages: Page[] = [];
  let server: ChildProcess;
  let browser: Browser;
  let address: string;
  /** Console errors, uncaught errors and requests to other hosts: any of them fails the test. */
  const trouble: string[] = [];

  beforeAll(async () => {
    server = spawn(process.execPath, [LAB], { stdio: ['ignore', 'pipe', 'inherit'] });
    address = await new Promise<string>((resolve, reject) => {
      let said = '';
      server.stdout!.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        const found = /http:\S+/.exec(said);
        if (found !== null) resolve(found[0]);
      });
      server.on('exit', () => reject(new Error(`the server ended: ${said}`)));
    });
    browser = await chromium.launch({ executablePath: browserPath!, args: FLAGS });
  });

  afterEach(async () => {
    for (const page of pages.splice(0)) await page.close();
    expect(trouble.splice(0)).toEqual([]);
  });

  afterAll(async () => {
    await browser?.close();
    server?.kill();
  });

  return {
    async open(hash, { width = 1440, height = 900, dark = false } = {}) {
      const page = await browser.newPage({ viewport: { width, height }, colorScheme: dark ? 'dark' : 'light' });
      pages.push(page);
      page.setDefaultTimeout(8000);
      page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) trouble.push(`${message.type()}: ${message.text()}`);
      });
      page.on('pageerror', (error) => trouble.push(`uncaught: ${error.message}`));
      page.on('request', (request) => {
        const url = request.url();
        if (!url.startsWith(address) && !/^(data|blob):/.test(url)) trouble.push(`a request to ${url}`);
      });
      await page.goto(`${address}#${hash}`);
      await page.waitForSelector('#figures');
      return page;
    },
  };
}

export async function screenshot(page: Page, name: string): Promise<void> {
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
}

/** The value of a figure of the shown table, by its name on the page. */
export function figure(page: Page, name: string): Promise<string> {
  return page.innerText(`[data-figure="${name}"] dd`);
}

/** Waits until a figure has a value. On failure, the message holds the actual value. */
export async function expectFigure(page: Page, name: string, value: string): Promise<void> {
  const reached = page.waitForFunction(
    ([name, value]) => document.querySelector<HTMLElement>(`[data-figure="${name}"] dd`)?.innerText === value,
    [name, value],
    { timeout: 5000 },
  );
  await reached.catch(() => undefined);
  expect(`${name}: ${await figure(page, name)}`).toBe(`${name}: ${value}`);
}

/** Drops a file onto the page. */
export async function drop(page: Page, name: string, bytes: Uint8Array): Promise<void> {
  const transfer = await page.evaluateHandle(
    ({ name, content }) => {
      const data = new DataTransfer();
      data.items.add(new File([Uint8Array.from(atob(content), (character) => character.charCodeAt(0))], name));
      return data;
    },
    { name, content: Buffer.from(bytes).toString('base64') },
  );
  await page.dispatchEvent('main', 'drop', { dataTransfer: transfer });
}

/** The serious and critical findings of axe. */
export async function seriousFindings(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: {
        run(): Promise<{
          violations: { id: string; impact: string; nodes: { target: string[]; failureSummary: string }[] }[];
        }>;
      };
    };
    const { violations } = await axe.run();
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) =>
        nodes.map(({ target, failureSummary }) => `${id} ${target.join(' ')}: ${failureSummary}`),
      );
  });
}
