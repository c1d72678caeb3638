/** A real store with some of its methods replaced. */
import type { Store } from '../../src/store/store.ts';

export function withMethods(store: Store, methods: Partial<Store>): Store {
  return new Proxy(store, {
    get: (target, name): unknown => Reflect.get(methods, name) ?? Reflect.get(target, name, target),
  });
}
