/** Every scenario of the fault lab on the real system, side by side: each comes out as expected. */
import { test } from 'vitest';
import { SCENARIOS } from '../../src/demo/lab/lab-scenarios.ts';
import { siteFor } from './site.ts';
import { expectOutcomes } from './tried-scenarios.ts';

test('every scenario of the fault lab comes out as it must', async ({ onTestFinished }) => {
  const site = await siteFor(onTestFinished);
  await site.launch();
  // The one that crashes the process is tried in a browser, which sees it come back.
  await expectOutcomes(
    site,
    SCENARIOS.filter(({ act }) => act?.kind !== 'crash'),
  );
  await site.atRest();
}, 90_000);
