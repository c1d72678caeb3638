/**
 * What Restate knows of Backstep by name: its services and their handlers.
 *
 * One Restate server may run services of others too, so each name says whose it is.
 */

/** The services, by what they are to Backstep. */
export const SERVICES = {
  /** A virtual object for each saga, by its id: its state, and every turn of it. */
  saga: 'backstep-saga',
  /** One attempt of one activity for each call. */
  attempt: 'backstep-attempt',
  /** A virtual object for each saga, by its id: hands its events to subscribers, in order. */
  outbox: 'backstep-outbox',
  /** A virtual object for each bounded type, by its name: the places of its sagas. */
  gate: 'backstep-gate',
  /** A virtual object for each move of sagas between hosts: whoever has its ticket may move them. */
  move: 'backstep-move',
  /** A virtual object for each saga, by its id: writes what its turns leave behind. */
  journal: 'backstep-journal',
} as const;

/**
 * The handlers of a saga that callers of Restate's ingress may reach. All others take their callers'
 * word for what happened, so only services of Backstep may call them.
 */
export const PUBLIC_HANDLERS = [
  'start',
  'event',
  'command',
  'adopt',
  'nudge',
  'retell',
  'get',
  'turns',
] as const;
