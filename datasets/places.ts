/**
 * Regions and zones of clouds, as the wider region they are in. What a region is called may name a customer's own data centre or a
 * company's office, and the zone narrows it down further than a model needs: of the text only which of this list it begins like
 * is kept, and of what is none of them, nothing.
 *
 * The names are those of AWS (`us-east-1`, `eu-central-1`) and GCP (`europe-west3`, `northamerica-northeast1`), in any case.
 */

/** What a region's name begins with, in lower case: the place of each is its code. */
export const PLACE_PREFIXES = [
  "us-",
  "ca-",
  "mx-",
  "sa-",
  "eu-",
  "me-",
  "il-",
  "af-",
  "ap-",
  "cn-",
  "northamerica-",
  "southamerica-",
  "europe-",
  "asia-",
  "australia-",
  "africa-",
] as const;

/** Everything that is called otherwise. */
export const OTHER_PLACE = "other";

/** All places there are, by code: the values of every column of the class `place`. */
export const PLACES: readonly string[] = [...PLACE_PREFIXES.map((prefix) => `${prefix}*`), OTHER_PLACE];

const LONGEST_PREFIX = Math.max(...PLACE_PREFIXES.map(({ length }) => length));
const codes = new Map<string, number>(PLACE_PREFIXES.map((prefix, code) => [prefix, code]));

/** Code of the place that a region is in: its place in `PLACES`. */
export function placeCode(text: string): number {
  const end = text.indexOf("-") + 1;
  if (end === 0 || end > LONGEST_PREFIX) return PLACES.length - 1;
  return codes.get(lowerCase(text.slice(0, end))) ?? PLACES.length - 1;
}

/** The place that a region is in. A place is in itself. */
export function generalizePlace(text: string): string {
  return PLACES[placeCode(text)]!;
}

/** Of ASCII letters only: there are others that become one of them, and a kernel does not know which. */
function lowerCase(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
