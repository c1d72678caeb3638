/**
 * A saga with a journal, as a host would keep it: as text, one inbound a second.
 */
import type { SagaDefinition } from '../../../src/core/define/definition.ts';
import type { Inbound, JournalRecord } from '../../../src/core/turn/inbound.ts';
import type { ParentLink } from '../../../src/core/turn/parent-link.ts';
import { replay } from '../../../src/core/history/replay.ts';
import type { SagaState } from '../../../src/core/state.ts';
import { begin, turn } from '../../../src/core/turn/turn.ts';
import { REFUSED } from '../turn/saga-driver.ts';

export class Journaled {
  readonly definition: SagaDefinition;
  readonly texts: string[] = [];
  state: SagaState;
  nowMs = 1_000_000;

  constructor(definition: SagaDefinition, input: unknown, parent: ParentLink | null = null) {
    this.definition = definition;
    const first = begin(definition, 'saga-1', input, this.nowMs, parent);
    this.state = first.state;
    this.texts.push(JSON.stringify(first.record));
  }

  take(inbound: Exclude<Inbound, { kind: 'start' }>): this {
    this.nowMs += 1_000;
    const taken = turn(this.definition, this.state, inbound, this.nowMs);
    if (taken.kind === 'refused') throw new Error(`${inbound.kind} was refused`);
    this.state = taken.state;
    this.texts.push(JSON.stringify(taken.record));
    return this;
  }

  done(activityId: string, output: unknown = null): this {
    return this.#answer(activityId, { kind: 'done', output });
  }

  fail(activityId: string, failure = REFUSED): this {
    return this.#answer(activityId, { kind: 'failed', failure });
  }

  event(id: string, event: { readonly type: string }): this {
    return this.take({ kind: 'event', id, event });
  }

  fire(text: string): this {
    const found = Object.entries(this.state.live.timers).find(([id]) => id.includes(text));
    const [timer = '', armed] = found ?? [];
    this.nowMs = Math.max(this.nowMs, armed?.dueMs ?? 0);
    return this.take({ kind: 'timer', timer, token: armed?.token ?? 0 });
  }

  get journal(): JournalRecord[] {
    return this.texts.map((text) => JSON.parse(text) as JournalRecord);
  }

  replayed(definition = this.definition) {
    return replay(definition, 'saga-1', this.journal);
  }

  #answer(id: string, outcome: Extract<Inbound, { kind: 'result' }>['outcome']): this {
    const token = this.state.live.activities[id]?.token ?? 0;
    return this.take({ kind: 'result', activity: id, token, outcome });
  }
}
