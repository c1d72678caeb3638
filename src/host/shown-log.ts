/**
 * A logger that hides secrets in all that is logged through it: fields, messages, errors with their
 * stacks and causes.
 *
 * Must never change what it is given, and costs nothing for a line that nobody logs.
 */
import { type Redact, redactText } from '../core/secrets/redact.ts';
import type { Logger } from './turn-log.ts';

type Level = 'debug' | 'info' | 'warn' | 'error' | 'fatal';

/** Causes that are told of one error. */
const MAX_CAUSES = 5;

/** The same logger, with secrets hidden. */
export function shownLog(log: Logger, redact: Redact): Logger {
  const at =
    (level: Level) =>
    (details: object, message: string): void => {
      if (log.isLevelEnabled(level)) log[level](shownFields(details, redact), redactText(message));
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    fatal: at('fatal'),
    isLevelEnabled: (level) => log.isLevelEnabled(level),
  };
}

/** The fields of a line, an error among them as what a log shows of it. */
export function shownFields(details: object, redact: Redact): object {
  const plain = Object.entries(details).map(([name, value]: [string, unknown]) => [
    name,
    value instanceof Error ? shownError(value) : value,
  ]);
  const shown = redact(Object.fromEntries(plain));
  return shown !== null && typeof shown === 'object' ? shown : {};
}

function shownError(error: Error, depth = 0): object {
  const { name, message, stack, cause } = error;
  const code: unknown = Reflect.get(error, 'code');
  return {
    type: name,
    message,
    stack,
    ...(code === undefined ? {} : { code }),
    ...(cause instanceof Error && depth < MAX_CAUSES
      ? { cause: shownError(cause, depth + 1) }
      : {}),
  };
}
