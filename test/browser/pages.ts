/** Every page of the HTTP contract that stands by itself. */
export const PAGES: readonly string[] = ['/', '/sagas', '/dead-letters', '/services', '/saga'];
