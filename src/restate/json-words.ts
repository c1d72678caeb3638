/** Words as Restate carries them: JSON, and nothing at all as nothing. */
import type { Serde } from '@restatedev/restate-sdk';

/**
 * Unlike the SDK's own it reads an empty body as no value, whoever sent it.
 */
export const jsonWords: Serde<unknown> = {
  contentType: 'application/json',
  serialize: (value) => Buffer.from(value === undefined ? '' : JSON.stringify(value)),
  deserialize: (bytes) => {
    if (bytes.length === 0) return undefined;
    const parsed: unknown = JSON.parse(Buffer.from(bytes).toString());
    return parsed;
  },
};
