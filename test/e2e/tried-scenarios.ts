/** Scenarios of the fault lab, tried side by side through its page. */
import { expect } from 'vitest';
import type { Scenario } from '../../src/demo/lab/lab-scenarios.ts';
import { type Site, until } from './site.ts';

/** Expects that each comes out as the lab says that it must. */
export async function expectOutcomes(site: Site, tried: readonly Scenario[]): Promise<void> {
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
}

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
