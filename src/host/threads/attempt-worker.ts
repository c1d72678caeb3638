/**
 * A thread of the pool: runs one attempt after the other, each by the export of a module.
 *
 * May be terminated at any moment, so it holds nothing that matters.
 */
import type { RemoteActivity } from '../../core/activity.ts';
import { PermanentError, toFailure } from '../../core/failure.ts';
import { thrownOf } from '../../core/thrown.ts';
import type { FromThread, ThreadAnswer, ThreadTask, ToThread } from './thread-words.ts';

/** Runs an attempt. Never rejects: an error that is cloned would lose its class and its code. */
export async function runAttempt(task: ThreadTask): Promise<ThreadAnswer> {
  const { port } = task;
  try {
    const activity = await activityOf(task);
    const controller = new AbortController();
    port.on('message', (_: ToThread) => controller.abort(new Error('the attempt was given up')));
    const heartbeat = (): void => port.postMessage('heartbeat' satisfies FromThread);
    const context = { ...task.context, signal: controller.signal, heartbeat };
    // A copy here, so that an output that no thread can hand over is a failure as any other.
    const output = structuredClone(await activity(task.input, context));
    return { kind: 'done', output };
  } catch (thrown) {
    return { kind: 'failed', failure: toFailure(thrown), thrown: thrownOf(thrown) };
  } finally {
    port.close();
  }
}

// What a module exports is the caller's word.
async function activityOf({ module, name }: ThreadTask): Promise<RemoteActivity<unknown, unknown>> {
  const exports = (await import(module)) as Readonly<Record<string, unknown>>;
  const activity = exports[name];
  if (typeof activity === 'function') return activity as RemoteActivity<unknown, unknown>;
  const message = `${module} has no function "${name}" among its exports`;
  throw new PermanentError('definition-invalid', message);
}
