/**
 * The order demo and its fault lab as an extension of the server: everything of them that a browser
 * or a program can reach.
 */
import { readFileSync } from 'node:fs';
import { Hono } from 'hono';
import { z } from 'zod';
import type { Backstep } from '../host/backstep.ts';
import { shownFrame } from '../core/history/shown-state.ts';
import type { Extension, ExtensionHost } from '../server/extension.ts';
import type { HttpEnv } from '../server/http-env.ts';
import type { DemoContext } from './demo-context.ts';
import type { FaultControls } from './lab/fault-controls.ts';
import { faultOperations } from './lab/fault-operations.ts';
import { faultsBanner } from './lab/fault-panel.ts';
import { faultRoutes } from './lab/fault-routes.ts';
import { LabAtOwner } from './lab/lab-at-owner.ts';
import { createFaultLabPage } from './lab/lab-page.ts';
import type { OrderLab } from './lab/order-lab.ts';
import { ProviderWatch } from './lab/provider-watch.ts';
import { createOrdersForm } from './order/order-batch.ts';
import type { OrderDemo } from './order/order-demo.ts';
import { orderInvariants } from './order/order-invariants.ts';
import { orderOperations } from './order/order-operations.ts';
import { orderPanels } from './order/order-panels.ts';
import { createOrderPage } from './order/order-page.ts';
import { orderRoutes } from './order/order-routes.ts';

const STYLES = readFileSync(new URL('demo.css', import.meta.url), 'utf8');

export interface OrderExtensionParts {
  readonly demo: OrderDemo;
  /** `null`: they are off, and there is no fault lab. */
  readonly faults: FaultControls | null;
  /** What the fault lab needs beside `demo` and `faults`; without it there is none. */
  readonly lab?: OrderLab;
  /** Ends the process at once, as a crash would. */
  readonly crash: () => void;
  /** The same of the process that runs an attempt; default: `crash`. */
  readonly crashRunner?: () => void;
}

/** Makes the extension of a server. */
export function orderExtension(parts: OrderExtensionParts): (host: ExtensionHost) => Extension {
  return (host) => {
    const { crash, crashRunner = crash } = parts;
    const atOwner = parts.faults === null ? null : new LabAtOwner(host.backstep, parts.faults);
    const faults = atOwner?.faults ?? null;
    const demo = shownDemo(parts.demo, host.backstep);
    const lab = parts.lab === undefined ? null : shownLab(parts.lab);
    const provider =
      lab === null || lab.provider === null
        ? null
        : new ProviderWatch(lab.provider, host.nowMs, host.touch);
    const context: DemoContext = { ...host, demo, faults, provider, crash, crashRunner };
    const routes = new Hono<HttpEnv>();
    atOwner?.handOn(routes);
    routes.route('/saga', orderRoutes(context));
    const pages = [
      createOrderPage(context),
      ...(faults === null || lab === null ? [] : [createFaultLabPage(context, faults, lab)]),
    ];
    if (faults !== null) {
      const faultApi = new Hono<HttpEnv>().route('/api/faults', faultRoutes(faults, crash));
      routes.route('/', faultApi);
      for (const each of [faultApi, ...pages.map(({ actions }) => actions)]) atOwner?.add(each);
    }
    return {
      name: 'order demo',
      routes,
      pages,
      panels: orderPanels(demo),
      styles: STYLES,
      operations: [
        ...orderOperations(demo.orderBody ?? z.looseObject({})),
        ...(faults === null ? [] : faultOperations()),
      ],
      ...(host.isReadOnly ? {} : { overview: createOrdersForm }),
      invariants: () => orderInvariants(context),
      isDisturbed: () => (faults?.list().length ?? 0) > 0,
      banner: () => faultsBanner(faults?.list() ?? [], provider?.wasRunning() === false),
    };
  };
}

/** The demo's rows, with secrets hidden. */
function shownDemo(demo: OrderDemo, { redact }: Pick<Backstep, 'redact'>): OrderDemo {
  const shown = <Rows>(rows: Rows): Rows => redact(rows) as Rows; // texts stay texts
  return {
    ...demo,
    inventory: async () => shown(await demo.inventory()),
    payments: async (page) => shown(await demo.payments(page)),
    notifications: async (page) => shown(await demo.notifications(page)),
    orders: async (page) => shown(await demo.orders(page)),
    invariants: async () => shown(await demo.invariants()),
  };
}

/** The lab's notes, which quote what participants answered. */
function shownLab(lab: OrderLab): OrderLab {
  return { ...lab, latestRuns: async () => shownFrame(await lab.latestRuns()) };
}
