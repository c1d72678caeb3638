/** How the page of a trip lies there: lanes in line, nothing cut on a screen, and no line of orphans. */
import { expect, test } from 'vitest';
import { seriousViolations, useDashboard } from './dashboard.ts';

const SCREEN = { width: 1280, height: 900 };
const TELEPHONE = { width: 390, height: 800 };
const LOG_OVERFLOW = `(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)(
  document.querySelector('#saga-log .scroll')
)`;
const TURN_SIDE = `getComputedStyle(document.querySelector('#saga-log th')).textAlign`;

const dashboard = useDashboard();

async function startTrip(tripId: string, more: object = {}): Promise<string> {
  const input = { tripId, traveller: 't', destination: 'Lisbon', nights: 3, amountMinor: 1 };
  const { site } = dashboard;
  const { body } = await site.call<{ id: string }>('POST', '/api/sagas/trip', {
    input: { ...input, ...more },
  });
  await expect.poll(() => statusOf(body.id), { timeout: 15_000 }).toBe('waiting');
  return body.id;
}

async function statusOf(id: string): Promise<string> {
  return (await dashboard.site.get<{ status: string }>(`/api/sagas/${id}`)).status;
}

test('cancellations line up however long one of them is, and every turn fits the screen', async () => {
  const { site } = dashboard;
  await site.fault('cancelHotel', { failNext: 9, mode: 'permanent' });
  const id = await startTrip('in-line');
  await site.call('POST', `/api/sagas/${id}/events`, { type: 'reject' });
  await expect.poll(() => statusOf(id), { timeout: 15_000 }).toBe('compensation_failed');
  const page = await dashboard.open(`/sagas/${id}`, { viewport: SCREEN });
  const tops = await Promise.all(
    ['Hotel', 'Flight', 'Car'].map((service) =>
      page
        .locator('.lane .backward', { hasText: `cancel${service}` })
        .boundingBox()
        .then((box) => box?.y),
    ),
  );
  expect(tops).toEqual([tops[0], tops[0], tops[0]]);
  expect(await page.evaluate<number>(LOG_OVERFLOW)).toBe(0);
  const side = await page.evaluate<string>(TURN_SIDE);
  expect(side).toBe('right');
});

test('the way to the next turn is beside the slider on a telephone', async () => {
  const id = await startTrip('next-turn');
  const page = await dashboard.open(`/sagas/${id}?seq=2`, { viewport: TELEPHONE });
  const before = await page.getByText('← Previous').boundingBox();
  const after = await page.getByText('Next →').boundingBox();
  expect(after?.y).toBe(before?.y);
});

test('a paused trip counts nothing down, and says so once its time is up', async () => {
  const id = await startTrip('time-is-up', { approveWithin: '5s' });
  await dashboard.site.call('POST', `/api/sagas/${id}/commands`, { command: 'pause' });
  expect(await statusOf(id)).toBe('paused');
  const page = await dashboard.open(`/sagas/${id}`);
  const rail = page.locator('#saga-rail');
  await rail.getByText('its time is up; that counts once it goes on').waitFor();
  expect(await rail.textContent()).not.toMatch(/ends in|due now/);
  expect(await seriousViolations(page)).toEqual([]);
});
