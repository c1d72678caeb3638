/**
 * Every page of the HTTP contract that stands by itself, in the order of the navigation.
 */
export const PAGES: readonly string[] = [
  '/',
  '/sagas',
  '/dead-letters',
  '/alerts',
  '/definitions',
  '/definitions/order',
  '/saga',
  '/services',
  '/faults',
  '/performance',
  '/inspector',
  '/debug',
  '/guide',
  '/guide/01-first-saga',
];
