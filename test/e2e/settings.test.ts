/** Programs that are started with a setting that is no good: each ends at once, and says why. */
import { expect, onTestFinished, test } from 'vitest';
import { siteFor } from './site.ts';

test.each([
  ['server', { LOG_LEVEL: 'nonsense' }, 'LOG_LEVEL'],
  ['server', { BACKSTEP_KEEP_ENDED: '99999999d' }, 'BACKSTEP_KEEP_ENDED'],
  ['launcher', { BACKSTEP_FAULTS: 'OFF' }, 'BACKSTEP_FAULTS'],
  ['launcher', { PAYMENT_PROVIDER_URL: 'http://kim:pa55word@127.0.0.1:9' }, 'PAYMENT_PROVIDER_URL'],
  ['provider', { PAYMENT_PROVIDER_DB: 'file:books.db' }, 'PAYMENT_PROVIDER_DB'],
] as const)('the %s with %j refuses to start, in one line and for good', async (...given) => {
  const [name, env, setting] = given;
  const site = await siteFor(onTestFinished);
  const program = site.start(name, { PAYMENT_PROVIDER_URL: site.providerUrl, ...env });
  expect(await program.ended).toBe(78);
  expect(program.out).toEqual([]);
  expect(program.err).toHaveLength(1);
  expect(program.err[0]).toMatch(new RegExp(`^[a-z ]+: ${setting} (is .*|is not usable); give `));
  expect(program.err[0]).not.toContain('pa55word');
});
