/** Why a saga stands where it stands: what failed last. */
import { afterEach, expect, test, vi } from 'vitest';
import { systemClock } from '../../../src/host/clock.ts';
import { declined, type HttpFixture, openFixture } from '../http-fixture.ts';

let http: HttpFixture;
afterEach(() => http.dispose());

test('a compensation that fails in the millisecond of its step failed last', async () => {
  const nowMs = systemClock.nowMs();
  const clock = vi.spyOn(systemClock, 'nowMs').mockReturnValue(nowMs);
  http = await openFixture({ activities: { charge: declined, release: declined } });
  const id = await http.settledOrder('o-1');
  clock.mockRestore();
  const answer = await http.app.request(`/api/sagas/${id}/why`);
  expect(await answer.json()).toMatchObject({
    next: 'release gave up after one attempt. A person decides.',
    lastError: { step: 'reserve', activity: 'release' },
  });
});
