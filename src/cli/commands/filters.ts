/** The options by which sagas are chosen, the same for lists and for commands to many. */
import type { Command } from 'commander';
import type { ListedSagas } from '../../client.ts';
import type { SagaStatus } from '../../core/status.ts';
import {
  countValue,
  durationValue,
  shellArgument,
  statusValues,
  textValue,
} from '../option-values.ts';

export interface FilterOptions {
  readonly type?: string;
  readonly status?: readonly SagaStatus[];
  readonly step?: string;
  readonly attempts?: number;
  readonly olderThan?: string;
  readonly query?: string;
}

/** Adds them. */
export function withFilters(command: Command): Command {
  return command
    .option('--type <type>', 'of this type', textValue)
    .option('--status <status>', 'in this status, or one of several: a,b', statusValues)
    .option('--step <step>', 'at this step', textValue)
    .option('--attempts <n>', 'after at least so many attempts', countValue(0))
    .option('--older-than <duration>', 'not updated for so long, such as 10m', durationValue)
    .option('--query <text>', 'whose id, key or error begins so', textValue);
}

/** What was given of them; `null`: nothing. */
export function filterOf({ query, ...options }: FilterOptions): ListedSagas | null {
  const { type, status, step, attempts, olderThan } = options;
  const filter = {
    ...(type === undefined ? {} : { type }),
    ...(status === undefined ? {} : { status }),
    ...(step === undefined ? {} : { step }),
    ...(attempts === undefined ? {} : { attempts }),
    ...(olderThan === undefined ? {} : { olderThan }),
    ...(query === undefined ? {} : { q: query }),
  };
  return Object.keys(filter).length === 0 ? null : filter;
}

/** The same as one would type it again, a blank before each. */
export function typedFilters({
  type,
  status,
  step,
  attempts,
  olderThan,
  query,
}: FilterOptions): string {
  const given: readonly (readonly [string, string | undefined])[] = [
    ['type', type],
    ['status', status?.join(',')],
    ['step', step],
    ['attempts', attempts?.toString()],
    ['older-than', olderThan],
    ['query', query],
  ];
  return given
    .map(([name, value]) => (value === undefined ? '' : ` --${name} ${shellArgument(value)}`))
    .join('');
}
