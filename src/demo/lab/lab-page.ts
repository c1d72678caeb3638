/**
 * `/faults`: the page of the fault lab. What its forms do is in `lab-actions.ts`.
 */
import { region, type RegionGroup } from '../../server/live/page-region.ts';
import type { Page } from '../../server/page.ts';
import { textOf } from '../../server/query.ts';
import { definitionOf } from '../../server/saga-lookup.ts';
import { type DemoContext, isProviderStopped } from '../demo-context.ts';
import { ORDER_SAGA } from '../order/order-demo.ts';
import { type ActiveFault, FAULT_PRESETS, type FaultControls } from './fault-controls.ts';
import { activeFaults } from './fault-panel.ts';
import { labActions } from './lab-actions.ts';
import { loadProgress, providerState } from './lab-load.ts';
import { outcomeId, scenarioOutcome } from './lab-scenario.ts';
import { LabVerdicts } from './lab-verdicts.ts';
import { labPage } from './lab-view.ts';
import { LoadGenerator } from './load-generator.ts';
import type { OrderLab } from './order-lab.ts';

const RUNS_MIN_AGE_MS = 250;
const NOTHING = { failNext: 0, failureRate: 0, latencyMs: 0, mode: 'error' };

/** The page. */
export function createFaultLabPage(
  context: DemoContext,
  faults: FaultControls,
  lab: OrderLab,
): Page {
  const { backstep, isReadOnly } = context;
  const load = new LoadGenerator(context, context.demo, context.touch);
  const groups = groupsOf(context, faults, new LabVerdicts(context, lab), load);
  const crashLock = lab.isKept
    ? null
    : 'Nobody would start it again: run it with npm start to try this.';
  return {
    path: '/faults',
    nav: 'Fault lab',
    navAfter: '/services',
    groups: () => groups,
    look: (query) => {
      const preset = FAULT_PRESETS.find(({ id }) => id === textOf(query, 'preset'));
      const filled: readonly Filled[] =
        preset === undefined
          ? faults.list()
          : Object.entries(preset.faults).map(([activity, settings]) => ({
              ...NOTHING,
              ...settings,
              activity,
            }));
      const activities = definitionOf(backstep, ORDER_SAGA)?.activities ?? [];
      const facts = {
        activities,
        filled,
        preset: preset?.id ?? null,
        isReadOnly,
        isStandby: backstep.health().kind === 'standby',
        crashLock,
      };
      return { title: 'Fault lab', content: (place) => labPage(facts, place) };
    },
    actions: labActions(context, faults, lab, load),
  };
}

type Filled = Omit<ActiveFault, 'calls' | 'hits'>;

function groupsOf(
  context: DemoContext,
  faults: FaultControls,
  verdicts: LabVerdicts,
  load: LoadGenerator,
): readonly RegionGroup[] {
  const { nowMs, isReadOnly } = context;
  return [
    {
      key: 'lab-runs',
      minAgeMs: RUNS_MIN_AGE_MS,
      render: async () =>
        Promise.all(
          (await verdicts.all()).map((verdict) =>
            region(outcomeId(verdict.scenario), scenarioOutcome(verdict)),
          ),
        ),
    },
    {
      key: 'lab-faults',
      minAgeMs: RUNS_MIN_AGE_MS,
      render: async () => [
        await region('lab-faults', activeFaults(faults.list(), await isProviderStopped(context))),
        await region('lab-load', loadProgress(load.figures(), nowMs(), isReadOnly)),
      ],
    },
    {
      key: 'lab-provider',
      minAgeMs: RUNS_MIN_AGE_MS,
      render: async () => {
        const { provider } = context;
        const isRunning = provider === null ? null : await provider.isRunning();
        return [await region('lab-provider', providerState(isRunning, isReadOnly))];
      },
    },
  ];
}
