/** What an attempt and the thread that runs it say to each other. */
import type { MessagePort } from 'node:worker_threads';
import type { ActivityContext } from '../../core/activity.ts';
import type { Failure, Thrown } from '../../core/failure.ts';

/** The context of an attempt without what cannot be copied. */
export type CopiedContext = Omit<ActivityContext, 'signal' | 'heartbeat'>;

/** One attempt. */
export interface ThreadTask {
  /** URL of the module that has the activity. */
  readonly module: string;
  /** Its export. */
  readonly name: string;
  readonly input: unknown;
  readonly context: CopiedContext;
  /** Carries `ToThread` and `FromThread` while the attempt runs. */
  readonly port: MessagePort;
}

/** The attempt is given up. */
export type ToThread = 'abort';

/** The attempt is alive. */
export type FromThread = 'heartbeat';

/** What became of it. */
export type ThreadAnswer =
  | { readonly kind: 'done'; readonly output: unknown }
  /** `thrown`: what was thrown, where it could be looked at. */
  | { readonly kind: 'failed'; readonly failure: Failure; readonly thrown: Thrown | null };
