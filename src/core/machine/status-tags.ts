/** The tags of a machine's states that are a saga's status. */

/** Tags that are a status while the machine runs, the strongest first. */
export const STATUS_TAGS = ['compensation_failed', 'failed', 'compensating', 'waiting'] as const;

/** Tags that are a status once the machine has ended; the last two: a person resolved it. */
export const END_TAGS = ['compensated', 'compensation_failed', 'failed'] as const;

const ALL: ReadonlySet<string> = new Set([...STATUS_TAGS, ...END_TAGS]);

/** True for a tag that stands for a status. */
export function isStatusTag(tag: string): boolean {
  return ALL.has(tag);
}
