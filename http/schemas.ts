/**
 * Schemas that many answers are made of. One with an id (`.meta({ id })`) stands once in the OpenAPI document, under that name.
 *
 * An answer's schema is that of a plain object: what a later version adds breaks nobody. That no answer has more than is
 * declared today is for test/http/contract.test.ts.
 */

import { z } from "zod";

/** ISO 8601 in UTC. */
export const moment = () => z.iso.datetime();
export const count = () => z.int().min(0);
