/** Pictures of findings: the way is lit in the chart, and the text says what it means. */
import { expect, test } from 'vitest';
import { layOut, wayPicture } from '../../src/drawing/way-picture.ts';
import { verify } from '../../src/verify/verify.ts';
import { forgetful } from '../fixtures/defective-sagas/forgetful.ts';

test('the states and transitions of a way are lit, the last state as where it goes wrong', async () => {
  const [finding] = verify(forgetful).findings;
  if (finding === undefined) throw new Error('the saga has a finding');
  const picture = wayPicture(await layOut(forgetful), 'saga, version 1', finding);
  const lights = [...picture.matchAll(/data-state="saga\.(\w+)"\s+data-light="(\w*)"/g)];
  const lit = lights
    .filter(([, , light]) => light !== '')
    .map(([, state, light]) => [state, light]);
  expect(new Map(lit as [string, string][])).toEqual(
    new Map([
      ['holding', 'visited'],
      ['charging', 'visited'],
      ['refunding', 'visited'],
      ['compensated', 'failed'],
    ]),
  );
  expect(picture.match(/class="edge is-\w+ is-way"/g)).toHaveLength(3);
  expect(picture).toMatch(/^<svg\s+xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
  expect(picture).toContain('4. refund: done → compensated');
  expect(picture).toContain('A customer keeps the effect of step &quot;hold&quot;');
});
