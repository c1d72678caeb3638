/**
 * Public saga ids: 26 characters that sort by time of birth, as ULIDs do (github.com/ulid/spec), in
 * lower case.
 */

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const TIME_LENGTH = 10;
const ID = new RegExp(`^[${ALPHABET}]{26}(?:\\.|$)`);

/**
 * @param nowMs milliseconds since 1970
 * @param random sixteen random bytes; five bits of each are used
 */
export function sagaId(nowMs: number, random: Uint8Array): string {
  let time = '';
  let rest = Math.max(0, Math.floor(nowMs));
  for (let index = 0; index < TIME_LENGTH; index++) {
    time = `${ALPHABET[rest % 32] ?? '0'}${time}`;
    rest = Math.floor(rest / 32);
  }
  let tail = '';
  for (const byte of random.subarray(0, 16)) tail += ALPHABET[byte % 32] ?? '0';
  return time + tail;
}

/** When a saga was born, milliseconds since 1970; of a child its root; `null`: it is no id of ours. */
export function bornAtMs(id: string): number | null {
  if (!ID.test(id)) return null;
  let timeMs = 0;
  for (const letter of id.slice(0, TIME_LENGTH)) timeMs = timeMs * 32 + ALPHABET.indexOf(letter);
  return timeMs;
}
