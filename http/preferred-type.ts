/** Which of the forms that can be given an Accept header prefers (RFC 9110, 12.5.1). */

/** The most that is read of the header: a longer one is no browser's. */
const MAX_RANGES = 32;

/**
 * The offered type of the highest quality, the first of several; the first when nothing was said; undefined when none will do.
 * Of the ranges that a type falls under the most specific one counts.
 */
export function preferredType<T extends string>(
  accept: string | undefined,
  offered: readonly T[],
): T | undefined {
  if (accept === undefined || accept.trim() === "") return offered[0];
  const ranges = accept
    .toLowerCase()
    .split(",", MAX_RANGES)
    .map((text) => {
      const [range = "", ...parameters] = text.split(";").map((part) => part.trim());
      const q = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
      const quality = q === undefined ? 1 : /^(?:0(?:\.\d{1,3})?|1(?:\.0{1,3})?)$/.test(q) ? Number(q) : 0;
      return { range, quality };
    });
  let best: T | undefined;
  let bestQuality = 0;
  for (const type of offered) {
    const group = `${type.slice(0, type.indexOf("/"))}/*`;
    const found = [type, group, "*/*"]
      .map((wanted) => ranges.find(({ range }) => range === wanted))
      .find((range) => range !== undefined);
    if (found !== undefined && found.quality > bestQuality) {
      best = type;
      bestQuality = found.quality;
    }
  }
  return best;
}
