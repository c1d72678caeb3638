/** Charts with their steps closed: nothing of the machine is lost, and nothing is added. */
import { describe, expect, it } from 'vitest';
import { type Chart, chartOf, type ChartState, statesIn } from '../../src/explain/chart.ts';
import { type FoldedChart, foldedChart } from '../../src/explain/folded-chart.ts';
import { ALL_KINDS } from '../core/define/builder-sagas.ts';
import { DEMO_SAGAS } from '../fixtures/demo-sagas.ts';
import { orderSaga } from '../fixtures/order-saga.ts';

const SAGAS = [
  ...[orderSaga, ...ALL_KINDS].map((saga) => [saga.id, chartOf(saga)] as const),
  ...DEMO_SAGAS.map((saga) => [`demo's ${saga.id}`, chartOf(saga)] as const),
];
const NOTHING: ReadonlySet<string> = new Set();

describe.each(SAGAS)('the %s folded', (_, whole) => {
  const open = new Set([...foldedChart(whole, NOTHING).folds.keys()].slice(0, 1));

  it.each([
    ['closed', NOTHING],
    ['with a step open', open],
  ])('%s shows every state, or one that holds it', (__, paths) => {
    const folded = foldedChart(whole, paths);
    const shown = statesIn(folded.chart.root).filter(({ type }) => type !== 'choice');
    const ids = new Set(shown.map(({ id }) => id));
    expect(ids.size).toBe(shown.length);
    for (const { id } of statesIn(whole.root)) {
      expect(ids.has(id)).not.toBe(folded.standIns.has(id));
      expect(ids).toContain(folded.standIns.get(id) ?? id);
    }
  });

  it('leads wherever the machine does, by the same trigger', () => {
    const folded = foldedChart(whole, NOTHING);
    for (const { from, to, ways } of whole.transitions) {
      const [start, end] = [placesOf(folded, from), placesOf(folded, to)];
      if (start[0] === end[0] && folded.standIns.has(from)) continue;
      const drawn = folded.chart.transitions
        .filter((each) => start.includes(each.from) && end.includes(each.to))
        .flatMap((each) => each.ways.map(({ trigger }) => trigger.short.replace('probe ', '')));
      expect(drawn).toEqual(expect.arrayContaining(ways.map(({ trigger }) => trigger.short)));
    }
  });

  it('leads nowhere else', () => {
    const folded = foldedChart(whole, NOTHING);
    const isMeant = (from: string, to: string): boolean =>
      whole.transitions.some(
        (each) =>
          placesOf(folded, each.from).includes(from) && placesOf(folded, each.to).includes(to),
      );
    for (const { from, to } of folded.chart.transitions) {
      for (const one of choicesIn(folded.chart, from)) {
        for (const other of choicesIn(folded.chart, to)) expect(isMeant(one, other)).toBe(true);
      }
    }
  });
});

it('the order is told in a handful of lines', () => {
  const { chart, folds } = foldedChart(chartOf(orderSaga), NOTHING);
  expect(chart.transitions.length).toBeLessThan(chartOf(orderSaga).transitions.length / 4);
  expect([...folds.values()]).toEqual(Array.from({ length: folds.size }, () => 'closed'));
  const compensating = chart.root.states.find(({ name }) => name === 'compensating');
  expect(compensating?.states.map(({ name }) => name)).toEqual(['next', 'one of these', 'failed']);
});

/** Where a state stands in the folded chart, itself first. */
function placesOf({ chart, standIns }: FoldedChart, id: string): readonly string[] {
  const shown = standIns.get(id) ?? id;
  return trailTo(chart.root, shown)
    .map((state) => state.id)
    .toReversed();
}

function trailTo(state: ChartState, id: string): readonly ChartState[] {
  if (state.id === id) return [state];
  const trail = state.states.map((inner) => trailTo(inner, id)).find(({ length }) => length > 0);
  return trail === undefined ? [] : [state, ...trail];
}

/** Each state that a choice stands for; any other stands for itself. */
function choicesIn({ root }: Chart, id: string): readonly string[] {
  const state = statesIn(root).find((each) => each.id === id);
  return state?.type === 'choice' ? state.states.map((inner) => inner.id) : [id];
}
