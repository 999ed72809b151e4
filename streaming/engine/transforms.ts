/** What becomes of an item before it is in any window: filter, map and flatMap, in the order they were given in. */

export type Transform =
  | { readonly kind: "filter"; readonly of: (item: unknown) => boolean }
  | { readonly kind: "map"; readonly of: (item: unknown) => unknown }
  | { readonly kind: "flatMap"; readonly of: (item: unknown) => Iterable<unknown> };

/** What `transformed` returns for an item that a filter keeps back. */
export const LEFT_OUT: unique symbol = Symbol("left out");

/** For transforms without any flatMap, which make one item of one at the most. */
export function transformed(item: unknown, transforms: readonly Transform[]): unknown {
  let current = item;
  for (const { kind, of } of transforms) {
    if (kind === "map") current = of(current);
    else if (!of(current)) return LEFT_OUT;
  }
  return current;
}

/** For any: lazily, so that a flatMap that makes very much of an item is held like a source. */
export function* expanded(item: unknown, transforms: readonly Transform[], from = 0): Generator<unknown> {
  let current = item;
  for (let index = from; index < transforms.length; index++) {
    const { kind, of } = transforms[index] as Transform;
    if (kind === "map") {
      current = of(current);
    } else if (kind === "filter") {
      if (!of(current)) return;
    } else {
      for (const part of of(current)) yield* expanded(part, transforms, index + 1);
      return;
    }
  }
  yield current;
}
