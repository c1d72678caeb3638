/**
 * Starts and ends each program once before `npm test`. Node writes its cache when a process ends
 * well, and the tests mostly kill theirs: without this each start would read all sources anew.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './processes.ts';

const folder = mkdtempSync(join(tmpdir(), 'backstep-warm-up-'));
try {
  const launcher = run('launcher', folder, { PORT: '0', PAYMENT_PROVIDER_PORT: '0' });
  await launcher.line(/^Backstep is ready: /);
  launcher.signal('SIGTERM');
  await launcher.ended;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
