/** Around each test of XState: what it started is kept, and judged once its file is through. */
import { appendFileSync } from 'node:fs';
import { afterAll, afterEach, expect, vi } from 'vitest';
import { judged, type Verdict } from './judged.ts';
import { takeWatched, type Watched } from './watched.ts';

const LONGEST_MS = 120_000;
const WHOLE_FILE_MS = 3_600_000;

const kept: { readonly test: string; readonly watched: Watched }[] = [];

afterEach(() => {
  const { currentTestName: test = '', testPath = '' } = expect.getState();
  const file = testPath.split('/').at(-1) ?? '';
  kept.push(...takeWatched().map((watched) => ({ test: `${file}: ${test}`, watched })));
});

afterAll(async () => {
  vi.useRealTimers();
  for (const { test, watched } of kept) {
    const verdict = await inTime(judged(watched));
    takeWatched();
    appendFileSync(
      process.env['BACKSTEP_VERDICTS'] ?? '',
      `${JSON.stringify({ test, ...verdict })}\n`,
    );
  }
}, WHOLE_FILE_MS);

const { setTimeout: setRealTimeout, clearTimeout: clearRealTimeout } = globalThis;

async function inTime(verdict: Promise<Verdict>): Promise<Verdict> {
  const { promise, resolve } = Promise.withResolvers<Verdict>();
  const timer = setRealTimeout(() => resolve({ outcome: 'unanswered', why: '' }), LONGEST_MS);
  const first = await Promise.race([verdict, promise]);
  clearRealTimeout(timer);
  return first;
}
