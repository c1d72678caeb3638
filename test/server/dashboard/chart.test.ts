import type { ElkNode } from 'elkjs/lib/elk-api.js';
import { beforeAll, describe, expect, it } from 'vitest';
import { orderSaga } from '../../fixtures/order-saga.ts';
import { litStates } from '../../../src/explain/chart-lights.ts';
import { statesIn } from '../../../src/explain/chart.ts';
import { ChartLayouts, type LaidChart } from '../../../src/server/dashboard/chart/chart-layout.ts';
import { chartLookOf } from '../../../src/server/dashboard/chart/chart-look.ts';
import { chartSvg, litList } from '../../../src/server/dashboard/chart/chart-svg.ts';
import { BUSY, ORDER, REFUSED, SagaDriver } from '../../core/turn/saga-driver.ts';

const WHOLE = chartLookOf(new URLSearchParams('chart=whole'));
const FOLDED = chartLookOf(new URLSearchParams());
/** What a phone of 390 pixels has between its margins, at a scale that can still be read. */
const PHONE_WIDTH = 420;

const layouts = new ChartLayouts();
let laid: LaidChart;
let folded: LaidChart;
beforeAll(async () => {
  laid = await layouts.of(orderSaga, WHOLE);
  folded = await layouts.of(orderSaga, FOLDED);
}, 30_000);

describe('the drawing of a chart', () => {
  it('is laid out once for all who ask', () => {
    expect(layouts.of(orderSaga, FOLDED)).toBe(layouts.of(orderSaga, FOLDED));
    // What cannot be opened is no other look.
    const unknown = chartLookOf(new URLSearchParams('open=nowhere'));
    expect(layouts.of(orderSaga, unknown)).toBe(layouts.of(orderSaga, FOLDED));
  });

  it('with its steps closed is as narrow as a phone', () => {
    expect(folded.graph.width).toBeLessThan(PHONE_WIDTH);
    expect(laid.graph.width).toBeGreaterThan(4 * PHONE_WIDTH);
  });

  it('opens and closes a step by a link, which keeps what else the address says', async () => {
    const query = new URLSearchParams('id=7&view=chart&open=forward.processPayment');
    const look = chartLookOf(query, ['id']);
    const opened = await layouts.of(orderSaga, look);
    const svg = String(await chartSvg(opened, look, [], 'x'));
    expect(svg).toMatch(/href="\?view=chart#chart"\s+aria-label="Close processPayment"/);
    expect(svg).toMatch(
      /href="\?view=chart&amp;open=forward.processPayment&amp;open=forward.updateOrder#chart"/,
    );
    expect(svg).toContain('data-state="order.forward.processPayment.running"');
    expect(svg).not.toContain('data-state="order.forward.updateOrder.running"');
  });

  it('has each state within its parent, apart from its siblings', () => {
    const check = (node: ElkNode): void => {
      const inner = node.children ?? [];
      for (const [index, child] of inner.entries()) {
        expect(isWithin(child, node), `${child.id} within ${node.id}`).toBe(true);
        for (const other of inner.slice(index + 1)) {
          expect(isApart(child, other), `${child.id} apart from ${other.id}`).toBe(true);
        }
        check(child);
      }
    };
    check({ ...laid.graph, x: 0, y: 0 });
    check({ ...folded.graph, x: 0, y: 0 });
  });

  it('shows every state and every transition, without anything that the CSP forbids', async () => {
    const svg = String(await chartSvg(laid, WHOLE, [], 'Statechart of order'));
    const drawn = [...svg.matchAll(/data-state="([^"]+)"/g)].map(([, id]) => id);
    expect(drawn).toEqual(
      statesIn(laid.chart.root)
        .slice(1)
        .map(({ id }) => id),
    );
    expect(svg.match(/<path\s+class="edge/g)?.length).toBeGreaterThanOrEqual(
      laid.chart.transitions.length,
    );
    expect(svg).toContain('failed [mayHaveHappened');
    expect(svg).not.toMatch(/ style="|<style|<script| on[a-z]+="/);
  });

  it('is lit as the list beside it says, in words and with icons', async () => {
    const order = new SagaDriver(orderSaga, ORDER);
    order.done('reserveInventory');
    order.fail('processPayment', REFUSED);
    const lit = litStates(orderSaga, order.state, order.trail);
    const list = String(await litList(lit));
    expect(list).toMatch(/✗<\/span>\s*<code>forward\.processPayment<\/code>\s*<span>failed</);
    expect(list).toMatch(/▶<\/span>\s*<code>compensating\.releaseInventory<\/code>/);
    const svg = String(await chartSvg(laid, WHOLE, lit, 'x'));
    for (const { id, light } of lit) {
      expect(svg).toMatch(new RegExp(`data-state="${id}"\\s+data-light="${light}"`));
    }
  });

  it('has room for the attempt and the countdown that the list tells of', async () => {
    const order = new SagaDriver(orderSaga, ORDER);
    order.fail('reserveInventory', BUSY);
    const list = String(await litList(litStates(orderSaga, order.state, order.trail)));
    expect(list).toMatch(/reserveInventory\.retrying<\/code>[^]*?active[^]*?<time class="due"/);
    order.fireTimer('retry');
    const next = String(await litList(litStates(orderSaga, order.state, order.trail)));
    expect(next).toMatch(/reserveInventory\.running<\/code>\s*<span>active<[^]*?attempt 2</);
    const svg = String(await chartSvg(laid, WHOLE, [], 'x'));
    for (const path of ['forward.reserveInventory.running', 'forward.reserveInventory.retrying']) {
      const state = svg.split(`data-state="order.${path}"`)[1]?.split('</g>')[0];
      expect(state).toContain('note-text');
    }
  });
});

function isWithin(inner: ElkNode, outer: ElkNode): boolean {
  const [a, b] = [boxOf(inner), boxOf(outer)];
  return a.left >= b.left && a.top >= b.top && a.right <= b.right && a.bottom <= b.bottom;
}

function isApart(one: ElkNode, other: ElkNode): boolean {
  const [a, b] = [boxOf(one), boxOf(other)];
  return a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
}

function boxOf({ x = 0, y = 0, width = 0, height = 0 }: ElkNode) {
  return { left: x, top: y, right: x + width, bottom: y + height };
}
