/**
 * Which names say that a secret stands under them, however they are written: `cardNumber`,
 * `api-keys`, `dbpassword`, `ACCESS_TOKEN`.
 *
 * The one rule for members of values and for names within texts. Pure.
 */

/** Names, or words of one, that mean a secret; each also as a plural. */
const SECRET_WORDS: ReadonlySet<string> = new Set([
  'password',
  'passwd',
  'passphrase',
  'passcode',
  'pwd',
  'token',
  'secret',
  'authorization',
  'credential',
  'cookie',
  'bearer',
  'jwt',
  'otp',
  'pin',
  'card',
  'cvv',
  'cvc',
]);

/** Words that mean a secret only together, side by side or in one. */
const SECRET_PAIRS: ReadonlySet<string> = new Set([
  'apikey',
  'accesskey',
  'privatekey',
  'signingkey',
  'encryptionkey',
  'sharedkey',
  'cardnumber',
  'cardno',
  'securitycode',
  'sessionid',
]);

/** In a word that was joined without a mark: `dbpassword`, `accesstoken`, `creditcard`. */
const JOINED =
  /passw(?:or)?d|passphrase|passcode|credential|(?:token|secret|authorization|cookie)s?$|(?:api|access|private|signing|secret|encryption)keys?|(?:credit|debit|bank|payment)card|card(?:number|no|holder|cv[cv])|^authorization/;

/** What makes up a card: hidden in an object that says it is one. */
const CARD_DETAILS = /^(?:number|no|pan|exp|expir|cvc|cvv|security_?code|track|holder)/i;
const CARD_KIND =
  /^(?:(?:credit|debit|bank|payment)[\s_-]?)?card$|^(?:visa|mastercard|amex|maestro)$/i;
const KIND_NAMES = ['type', 'kind', 'method', 'brand', 'scheme', 'network', 'object'];

/** A plural with such a number counts them. */
const MAX_COUNT = 999_999;

/** True when a secret stands under that name; `value` tells `tokens: 2` from `tokens: [...]`. */
export function isSecretName(name: string, value?: unknown): boolean {
  const words = wordsOf(name);
  return words.some((word, index) => {
    if (SECRET_WORDS.has(word)) return true;
    const next = words[index + 1];
    if (next !== undefined && isPair(word + next)) return true;
    if (isPair(word) || JOINED.test(word)) return !isCounted(word, value);
    return word.endsWith('s') && SECRET_WORDS.has(word.slice(0, -1)) && !isCounted(word, value);
  });
}

/** True for an object that describes a card: `{ type: 'card', number: 4 }`. */
export function isCardKind(value: object): boolean {
  return KIND_NAMES.some((name) => {
    const kind: unknown = Reflect.get(value, name);
    return typeof kind === 'string' && CARD_KIND.test(kind);
  });
}

/** True for a member that, in such an object, is a detail of the card. */
export function isCardDetail(name: string): boolean {
  return CARD_DETAILS.test(name);
}

function wordsOf(name: string): readonly string[] {
  if (!/[A-Z]/.test(name)) return name.split(/[^a-z0-9]+/);
  const apart = name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2');
  return apart.toLowerCase().split(/[^a-z0-9]+/);
}

function isPair(word: string): boolean {
  return SECRET_PAIRS.has(word) || (word.endsWith('s') && SECRET_PAIRS.has(word.slice(0, -1)));
}

function isCounted(word: string, value: unknown): boolean {
  return word.endsWith('s') && typeof value === 'number' && value <= MAX_COUNT;
}
