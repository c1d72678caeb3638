/**
 * A real browser in front of the real system: one launcher, one database and one browser per test
 * file, a fresh window with clean records per test.
 *
 * Invariant: a test whose pages logged an error, threw, or broke the content security policy fails,
 * whatever it looked at.
 */
import axe, { type AxeResults } from 'axe-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { freePort } from '../ports.ts';
import type { Environment } from '../e2e/processes.ts';
import { Site } from '../e2e/site.ts';
import { launchChromium } from './chromium.ts';

/** Longest that a page may take to show something: far less than a test may take. */
const PATIENCE_MS = 10_000;
/** The whole system and a browser start, on a machine that runs other tests too. */
const START_MS = 60_000;

/** What one test file works with. */
export interface Dashboard {
  readonly site: Site;
  /** A page in a window of its own; its problems fail the test. */
  open(path: string, options?: BrowserContextOptions): Promise<Page>;
  /** As `open`, and waits until what it shows is live. */
  openLive(path: string, options?: BrowserContextOptions): Promise<Page>;
  /** What went wrong so far in this test, which then no longer fails for it. */
  takeProblems(): readonly string[];
}

/** Starts everything, with these settings, before the tests of a file, ends it after them. */
export function useDashboard(env: Environment = {}): Dashboard {
  let site: Site | null = null;
  let browser: Browser | null = null;
  const problems: string[] = [];

  beforeAll(async () => {
    site = new Site(await freePort(), await freePort());
    [browser] = await Promise.all([launchChromium(), site.launch(env)]);
  }, START_MS);

  afterEach(async () => {
    await Promise.all((browser?.contexts() ?? []).map((context) => context.close()));
    expect(problems.splice(0), 'what went wrong in the browser').toEqual([]);
    await started(site).clearFaults();
  });

  afterAll(async () => {
    await browser?.close();
    await site?.dispose();
  });

  const open = async (path: string, options: BrowserContextOptions = {}): Promise<Page> => {
    const { url } = started(site);
    const context = await started(browser).newContext({ baseURL: url, ...options });
    context.setDefaultTimeout(PATIENCE_MS);
    const page = await context.newPage();
    watch(page, problems);
    await page.goto(path);
    return page;
  };

  return {
    get site() {
      return started(site);
    },
    open,
    async openLive(path, options) {
      const page = await open(path, options);
      await page.locator('#live-state.is-live').waitFor();
      return page;
    },
    takeProblems: () => problems.splice(0),
  };
}

/** What axe finds on the page as it stands, serious or worse; one line per rule. Default: any. */
export async function seriousViolations(
  page: Page,
  rules?: readonly string[],
): Promise<readonly string[]> {
  // Half a megabyte of script, which a page that is looked at twice has already.
  if (await page.evaluate("typeof axe === 'undefined'")) await page.evaluate(axe.source);
  // Only what fails is worked out to the end: that is several times faster.
  const options = JSON.stringify({
    resultTypes: ['violations'],
    runOnly: rules ?? ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'],
  });
  const { violations } = await page.evaluate<AxeResults>(`axe.run(document, ${options})`);
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(' | ')}`);
}

/**
 * Notes what goes wrong on a page: a violation of the policy is logged as an error by the browser,
 * and so is an answer that failed.
 */
export function watch(page: Page, problems: string[]): void {
  page.on('console', (message) => {
    const isProblem = message.type() === 'error' || message.type() === 'warning';
    // A page that goes away takes its requests and its socket along.
    if (!isProblem || message.text().includes('closed before the connection')) return;
    problems.push(`${page.url()}: ${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => problems.push(`${page.url()}: ${error.message}`));
  page.on('requestfailed', (request) => {
    const reason = request.failure()?.errorText ?? 'unknown';
    if (reason !== 'net::ERR_ABORTED') problems.push(`${request.url()}: ${reason}`);
  });
}

function started<Part>(part: Part | null): Part {
  if (part === null) throw new Error('the dashboard is not running: use it inside a test');
  return part;
}
