/**
 * What the demo's routes and pages are given. Assembled once in `order-extension.ts`.
 */
import type { ExtensionHost } from '../server/extension.ts';
import type { FaultControls } from './lab/fault-controls.ts';
import type { ProviderWatch } from './lab/provider-watch.ts';
import type { OrderDemo } from './order/order-demo.ts';

export interface DemoContext extends ExtensionHost {
  readonly demo: OrderDemo;
  /** `null`: faults are switched off. */
  readonly faults: FaultControls | null;
  /** `null`: the payment provider is not ours to stop. */
  readonly provider: ProviderWatch | null;
  /** Ends the process at once, as a crash would. */
  readonly crash: () => void;
  /** The same of the process that runs an attempt: this one, or a worker. */
  readonly crashRunner: () => void;
}

/** Whether the payment provider, which is ours to stop, is down: a fault like the injected ones. */
export async function isProviderStopped({
  provider,
}: Pick<DemoContext, 'provider'>): Promise<boolean> {
  return provider !== null && !(await provider.isRunning());
}
