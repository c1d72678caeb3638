/** Laying out charts: once each, ahead of the first look, and whatever one graph does to another. */
import type { ElkNode } from 'elkjs/lib/elk-api.js';
import { afterEach, describe, expect, it } from 'vitest';
import { ChartLayouts } from '../../../src/server/dashboard/chart/chart-layout.ts';
import { LayoutThread } from '../../../src/server/dashboard/chart/layout-thread.ts';
import { twoSteps } from '../../fixtures/defective-sagas/kit.ts';
import { orderSaga } from '../../fixtures/order-saga.ts';
import { type HttpFixture, openFixture } from '../http-fixture.ts';

const otherSaga = twoSteps();
const SMALL: ElkNode = { id: 'root', children: [{ id: 'a', width: 10, height: 10 }] };

describe('the thread', () => {
  it('lays out graph after graph, and one that it cannot harms no other', async () => {
    const thread = new LayoutThread();
    const edges = [{ id: 'e', sources: ['a'], targets: ['nowhere'] }];
    const [first, broken, last] = await Promise.allSettled([
      thread.layOut(SMALL),
      thread.layOut({ ...SMALL, edges }),
      thread.layOut(SMALL),
    ]);
    expect(broken.status).toBe('rejected');
    for (const laid of [first, last]) {
      expect(laid).toMatchObject({ value: { children: [{ x: 12, y: 12 }] } });
    }
  });
});

describe('the layouts', () => {
  it('are made once, one at a time ahead, and what is asked for meanwhile comes next', async () => {
    const { thread, asked, answer } = heldThread();
    const layouts = new ChartLayouts(thread);
    const warming = layouts.warm(() => [orderSaga, otherSaga]);
    expect(asked).toEqual(['order']);
    const wanted = layouts.of(otherSaga);
    expect(layouts.of(otherSaga)).toBe(wanted);
    expect(asked).toEqual(['order', 'saga']);
    answer();
    await warming;
    await layouts.warm(() => [orderSaga]);
    expect((await wanted).chart.root.id).toBe('saga');
    expect(asked).toEqual(['order', 'saga']);
  });

  it('that failed are tried again by whoever looks', async () => {
    let tries = 0;
    const layouts = new ChartLayouts({
      stop() {},
      layOut: async (graph) => {
        tries += 1;
        if (tries === 1) throw new Error('not this time');
        return graph;
      },
    });
    await layouts.warm(() => [otherSaga]);
    expect((await layouts.of(otherSaga)).graph.id).toBe('saga');
  });
});

describe('a page', () => {
  let http: HttpFixture;
  afterEach(() => http.dispose());

  it('of any kind has the charts laid out for the pages after it', async () => {
    const { thread, asked, answer } = heldThread();
    http = await openFixture({ layouts: new ChartLayouts(thread) });
    expect((await http.app.request('/api/stats')).status).toBe(200);
    expect(asked).toEqual([]);
    expect((await http.app.request('/sagas')).status).toBe(200);
    expect(asked).toEqual(['order']);
    answer();
  });
});

/** A thread that answers when it is told to. */
function heldThread() {
  const gate = Promise.withResolvers<void>();
  const asked: string[] = [];
  const layOut = async (graph: ElkNode): Promise<ElkNode> => {
    asked.push(graph.id);
    await gate.promise;
    return graph;
  };
  return { thread: { layOut, stop() {} }, asked, answer: gate.resolve };
}
