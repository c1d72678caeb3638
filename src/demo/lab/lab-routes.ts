/**
 * `/faults`: the page of the fault lab and its live parts. GET never changes anything; the forms
 * are in `lab-actions.ts`.
 */
import { Hono } from 'hono';
import { definitionOf, isProviderStopped, queryOf, type HttpEnv } from '../../server/context.ts';
import { FAULT_PRESETS, type FaultControls } from './fault-controls.ts';
import { labActions } from './lab-actions.ts';
import type { LabContext } from './lab-runner.ts';
import { LabVerdicts } from './lab-verdicts.ts';
import { LoadGenerator } from './load-generator.ts';
import { ORDER_SAGA } from '../order/order-demo.ts';
import { type PageKit, renderPage } from '../../server/dashboard/frame/page-frame.ts';
import { region, type PageView, type RegionGroup } from '../../server/live/page-region.ts';
import { textOf } from '../../server/query.ts';
import { activeFaults } from './fault-panel.ts';
import { labPage } from './lab-view.ts';
import { loadProgress, providerState } from './lab-load.ts';
import { outcomeId, scenarioOutcome } from './lab-scenario.ts';

const RUNS_MIN_AGE_MS = 250;

/** The page, its view for the socket, and its actions. */
export interface FaultLab {
  readonly routes: Hono<HttpEnv>;
  readonly view: PageView;
}

export function faultLab(kit: PageKit, faults: FaultControls, labContext: LabContext): FaultLab {
  const { context, hub } = kit;
  const { backstep, nowMs, isReadOnly } = context;
  const { lab } = labContext;
  const verdicts = new LabVerdicts(context, lab);
  const load = new LoadGenerator(context, labContext.demo, () => hub.touch());

  const groups: readonly RegionGroup[] = [
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

  const routes = new Hono<HttpEnv>();
  routes.get('/faults', async (c) => {
    const preset = FAULT_PRESETS.find(({ id }) => id === textOf(queryOf(c), 'preset'));
    const nothing = { failNext: 0, failureRate: 0, latencyMs: 0, mode: 'error' };
    const facts = {
      activities: definitionOf(backstep, ORDER_SAGA)?.activities ?? [],
      filled:
        preset === undefined
          ? faults.list()
          : Object.entries(preset.faults).map(([activity, settings]) => ({
              ...nothing,
              ...settings,
              activity,
            })),
      preset: preset?.id ?? null,
      isReadOnly,
      crashLock: lab.isKept
        ? null
        : 'Nobody would start it again: run it with npm start to try this.',
    };
    const spec = { title: 'Fault lab', at: '/faults', live: 'view=faults', groups } as const;
    return c.html(await renderPage(kit, spec, (place) => labPage(facts, place)));
  });

  routes.route('/faults/actions', labActions(kit, faults, labContext, load));
  return { routes, view: () => groups };
}
