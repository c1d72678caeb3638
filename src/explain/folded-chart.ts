/**
 * A chart as people tell the saga: each side of a step is one state, what all states of a group do
 * alike is said once of the group, and what is chosen among is drawn side by side.
 *
 * Pure, and for any machine. Invariant: every state of the chart is shown, or stands in exactly one
 * that is shown. Nothing is added to what the machine can do; what is left out is inside of a closed
 * state, which can be opened.
 */
import { type Chart, type ChartState, type ChartTransition, statesIn, type Way } from './chart.ts';

/** A chart as it is shown, and what stands for the states that are not. */
export interface FoldedChart {
  readonly chart: Chart;
  /** States that can be opened or closed, by path. */
  readonly folds: ReadonlyMap<string, 'open' | 'closed'>;
  /** For each state that is not shown the id of the one that holds it. */
  readonly standIns: ReadonlyMap<string, string>;
}

/** The chart with every step closed but those in `open`, by path; unknown paths are ignored. */
export function foldedChart(chart: Chart, open: ReadonlySet<string>): FoldedChart {
  const folds = new Map<string, 'open' | 'closed'>();
  const standIns = new Map<string, string>();
  const outOf = Map.groupBy(chart.transitions, ({ from }) => from);
  const root = fold(chart.root);
  const transitions = probesNamed(chart).transitions;
  const shown = { root, transitions: lifted(transitions, standIns) };
  return { chart: grouped(bundled(shown)), folds, standIns };

  function fold(state: ChartState): ChartState {
    if (!isOneStep(state) && !isOnePersonsChoice(state)) {
      return { ...state, states: state.states.map(fold) };
    }
    const isOpen = open.has(state.path);
    folds.set(state.path, isOpen ? 'open' : 'closed');
    return isOpen ? state : closed(state);
  }

  function closed(state: ChartState): ChartState {
    const inside = statesIn(state).slice(1);
    for (const { id } of inside) standIns.set(id, state.id);
    const call = [state, ...inside].flatMap(({ calls }) => calls)[0];
    const isTimed = inside.some((each) => each.isTimed);
    return { ...state, type: 'atomic', calls: call ? [call] : [], isTimed, states: [] };
  }

  /** A place with a state for each thing that waits for a person's command. */
  function isOnePersonsChoice({ path, states }: ChartState): boolean {
    if (path === '' || states.length === 0) return false;
    return states.every(({ id, states: inner, calls }) => {
      const ways = (outOf.get(id) ?? []).flatMap((transition) => transition.ways);
      const isByPerson = ways.every(({ trigger }) => trigger.kind === 'command');
      return inner.length === 0 && calls.length === 0 && ways.length > 0 && isByPerson;
    });
  }
}

/** That a probe has answered is not that its step is done, and must not read so once it is closed. */
function probesNamed({ root, transitions }: Chart): Chart {
  const isProbe = ({ calls }: ChartState): boolean =>
    calls.length > 0 && calls.every(({ direction }) => direction === 'probe');
  const probes = new Set(statesIn(root).flatMap((each) => (isProbe(each) ? [each.id] : [])));
  const named = ({ trigger, guard }: Way): Way =>
    trigger.kind === 'done'
      ? { trigger: { ...trigger, short: `probe ${trigger.short}` }, guard }
      : { trigger, guard };
  const told = transitions.map((each) =>
    probes.has(each.from) ? { ...each, ways: each.ways.map(named) } : each,
  );
  return { root, transitions: told };
}

/** Whether a state holds others, and all that they call is one side of one step. */
function isOneStep(state: ChartState): boolean {
  if (state.path === '' || state.states.length === 0) return false;
  const calls = statesIn(state).flatMap((each) => each.calls);
  // The probe of a step belongs to its way forward.
  const sides = new Set(
    calls.map(({ step, direction }) => `${direction === 'compensate' ? '-' : '+'}${step}`),
  );
  return sides.size === 1;
}

/** The transitions between shown states; those inside of a closed one are left out. */
function lifted(
  transitions: readonly ChartTransition[],
  standIns: ReadonlyMap<string, string>,
): readonly ChartTransition[] {
  const shown = (id: string): string => standIns.get(id) ?? id;
  return merged(
    transitions
      .filter(({ from, to }) => shown(from) !== shown(to) || (shown(from) === from && from === to))
      .map((transition) => ({
        ...transition,
        from: shown(transition.from),
        to: shown(transition.to),
      })),
  );
}

/** One transition for each pair of states, with every way to take it. */
function merged(transitions: readonly ChartTransition[]): readonly ChartTransition[] {
  const pairs = Map.groupBy(transitions, ({ from, to }) => `${from} ${to}`);
  return [...pairs.values()].flatMap((group) => {
    const [first] = group;
    const ways = group.flatMap((transition) => transition.ways).map(inShort);
    const once = [
      ...new Map(ways.map((way) => [`${way.trigger.short} ${way.guard}`, way])).values(),
    ];
    return first === undefined ? [] : [{ ...first, ways: once }];
  });
}

/** A condition is worth a label only on a transition that no event triggers. */
function inShort(way: Way): Way {
  return way.trigger.kind === 'always' ? way : { ...way, guard: null };
}

/** Where all inner states that go on lead to one place outside, the outer state does. */
function bundled({ root, transitions }: Chart): Chart {
  let left = transitions;
  for (const outer of statesIn(root).slice(1).toReversed()) {
    const inner = new Set(statesIn(outer).map(({ id }) => id));
    const going = outer.states.filter(({ type }) => type !== 'final');
    if (going.length < 2) continue;
    const targets = new Set(left.filter(({ from }) => inner.has(from)).map(({ to }) => to));
    for (const to of targets) {
      const leads = (id: string): boolean =>
        left.some((each) => each.from === id && each.to === to);
      if (inner.has(to) || !going.every(({ id }) => leads(id))) continue;
      const isOurs = ({ from, to: end }: ChartTransition): boolean =>
        end === to && going.some(({ id }) => id === from);
      const ways = left.filter(isOurs).flatMap((each) => each.ways);
      const bundle = { id: `${outer.id} to ${to}`, from: outer.id, to, ways };
      left = merged([...left.filter((each) => !isOurs(each)), bundle]);
    }
  }
  return { root, transitions: left };
}

/** States of one place that are reached and left alike are drawn as one group to choose from. */
function grouped(chart: Chart): Chart {
  const groupOf = new Map<string, string>();
  const root = regroup(chart.root);
  const inGroup = (id: string): string => groupOf.get(id) ?? id;
  const transitions = chart.transitions.map((each) => ({
    ...each,
    from: inGroup(each.from),
    to: inGroup(each.to),
  }));
  return { root, transitions: merged(transitions) };

  function regroup(state: ChartState): ChartState {
    const alike = [...Map.groupBy(state.states, waysOf)].flatMap(([ways, states]) =>
      ways !== null && states.length > 1 ? [states] : [],
    );
    let states: readonly ChartState[] = state.states.map(regroup);
    for (const each of alike) states = choice(state, states, each);
    return { ...state, states };
  }

  function choice(
    outer: ChartState,
    states: readonly ChartState[],
    alike: readonly ChartState[],
  ): readonly ChartState[] {
    const [first] = alike;
    if (first === undefined) return states;
    const ids = new Set(alike.map(({ id }) => id));
    const id = `${first.id} and others`;
    for (const each of ids) groupOf.set(each, id);
    const inside = states.filter((each) => ids.has(each.id));
    const group: ChartState = {
      id,
      path: `${outer.path} ${first.name} and others`,
      name: 'one of these',
      type: 'choice',
      isInitial: false,
      tags: [],
      calls: [],
      isTimed: false,
      states: inside,
    };
    const at = states.findIndex((each) => ids.has(each.id));
    return [
      ...states.slice(0, at).filter((each) => !ids.has(each.id)),
      group,
      ...states.slice(at).filter((each) => !ids.has(each.id)),
    ];
  }

  /** How a state is reached and left; `null`: it cannot stand in a group. */
  function waysOf({ id, states, isInitial, type }: ChartState): string | null {
    if (states.length > 0 || isInitial || type !== 'atomic') return null;
    const into = chart.transitions.filter(({ to }) => to === id);
    const out = chart.transitions.filter(({ from }) => from === id);
    if (into.length === 0 || out.length === 0) return null;
    const words = (ways: readonly Way[]): string =>
      ways.map(({ trigger, guard }) => `${trigger.kind} ${guard}`).join();
    return [
      ...into.map(({ from, ways }) => `from ${from} ${words(ways)}`).toSorted(),
      ...out.map(({ to, ways }) => `to ${to} ${words(ways)}`).toSorted(),
    ].join('; ');
  }
}
