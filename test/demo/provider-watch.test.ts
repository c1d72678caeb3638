import { expect, it, vi } from 'vitest';
import { ProviderWatch } from '../../src/demo/lab/provider-watch.ts';

it('runs until it is seen that it does not, and says so once', async () => {
  const changes = vi.fn<() => void>();
  const provider = { isRunning: async () => false, start() {}, stop() {} };
  const watch = new ProviderWatch(provider, Date.now, changes);
  expect(await watch.isRunning()).toBe(false);
  expect(await watch.isRunning()).toBe(false);
  expect(changes).toHaveBeenCalledTimes(1);
});

it('lets nobody wait for a provider that does not answer', async () => {
  const hangs = { isRunning: () => new Promise<never>(() => {}), start() {}, stop() {} };
  expect(await new ProviderWatch(hangs, Date.now, () => {}).isRunning()).toBe(true);
});

it('looks again by itself until an order is obeyed, and is not told by the order alone', async () => {
  let isRunning = true;
  let looks = 0;
  const change = Promise.withResolvers<void>();
  const provider = {
    async isRunning() {
      looks += 1;
      if (looks > 2) isRunning = false; // it takes its time to end
      return isRunning;
    },
    start() {},
    stop() {},
  };
  // A clock that stands: nobody's question makes it look again.
  const watch = new ProviderWatch(provider, () => 0, change.resolve);
  expect(await watch.isRunning()).toBe(true);
  watch.order('stopped');
  expect(await watch.isRunning()).toBe(true);
  await vi.waitFor(() => expect(looks).toBeGreaterThan(2));
  await change.promise;
  expect(await watch.isRunning()).toBe(false);
});
