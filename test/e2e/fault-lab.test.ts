/** Every scenario of the fault lab on the real system, side by side: each comes out as expected. */
import { expect, test } from 'vitest';
import { SCENARIOS } from '../../src/demo/lab/lab-scenarios.ts';
import { siteFor, until } from './site.ts';

test('every scenario of the fault lab comes out as it must', async ({ onTestFinished }) => {
  const site = await siteFor(onTestFinished);
  await site.launch();
  // The one that crashes the process is tried in a browser, which sees it come back.
  const tried = SCENARIOS.filter(({ act }) => act?.kind !== 'crash');
  for (const { id } of tried) {
    const path = `${site.url}/faults/actions/scenarios/${id}`;
    const answer = await fetch(path, { method: 'POST', redirect: 'manual' });
    expect([id, answer.status]).toEqual([id, 303]);
  }
  let outcomes: ReadonlyMap<string, string> = new Map();
  await until('every scenario is over', async () => {
    outcomes = outcomesIn(await (await fetch(`${site.url}/faults`)).text());
    return tried.every(({ id }) => /expected:|be told:/.test(outcomes.get(id) ?? ''));
  });
  for (const { id } of tried) expect(`${id}: ${outcomes.get(id)}`).toContain('As expected:');
  await site.atRest();
}, 90_000);

/** The text of each scenario's live region. */
function outcomesIn(page: string): ReadonlyMap<string, string> {
  const pieces = page.split('<div id="run-').slice(1);
  return new Map(
    pieces.map((piece) => {
      const [id = ''] = piece.split('"', 1);
      const text = piece.slice(0, piece.indexOf('</article>'));
      return [id, text.replaceAll(/<[^>]*>|\s+/g, ' ')] as const;
    }),
  );
}
