import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { generalizePlace, PLACE_PREFIXES, PLACES, placeCode } from "../../datasets/places.ts";

describe("a place", () => {
  test("is what the region's name begins with, in any case", () => {
    const regions: Readonly<Record<string, string>> = {
      "us-east-1": "us-*",
      "us-gov-west-1": "us-*",
      "us-central1": "us-*",
      "ca-west-1": "ca-*",
      "mx-central-1": "mx-*",
      "sa-east-1": "sa-*",
      "eu-central-1": "eu-*",
      "me-south-1": "me-*",
      "il-central-1": "il-*",
      "af-south-1": "af-*",
      "ap-southeast-2": "ap-*",
      "cn-north-1": "cn-*",
      "northamerica-northeast1": "northamerica-*",
      "southamerica-east1": "southamerica-*",
      "europe-west3": "europe-*",
      "asia-east1": "asia-*",
      "australia-southeast1": "australia-*",
      "africa-south1": "africa-*",
      "US-EAST-1": "us-*",
      "Europe-West3": "europe-*",
      "us-": "us-*",
    };
    for (const [region, place] of Object.entries(regions))
      assert.equal(generalizePlace(region), place, region);
    assert.deepEqual(new Set([...Object.values(regions), "other"]), new Set(PLACES));
  });

  test("is other, whatever else was said", () => {
    const others = [
      "",
      "-",
      "us",
      "useast1",
      "usa-east",
      "eastus",
      " us-east-1",
      "-us-east-1",
      "customer-dc-4",
      "other",
    ];
    // Letters that become ASCII ones when their case is changed, and others that look like them.
    others.push(
      "\u{ff55}\u{ff53}-east-1",
      "u\u{17f}-east-1",
      "AFR\u{130}CA-1",
      "constructor-1",
      "__proto__-1",
      "other-*",
    );
    for (const region of others) assert.equal(generalizePlace(region), "other", region);
  });

  test("is one of a closed list that fits into a code, and is in itself", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...PLACE_PREFIXES, "", "x-"),
        fc.string({ maxLength: 30 }),
        fc.boolean(),
        (prefix, rest, isUpper) => {
          const text = (isUpper ? prefix.toUpperCase() : prefix) + rest;
          const place = generalizePlace(text);
          assert.ok(PLACES.includes(place));
          assert.equal(PLACES[placeCode(text)], place);
          const begun = PLACE_PREFIXES.find((known) => text.toLowerCase().startsWith(known));
          if (prefix !== "" && prefix !== "x-") assert.equal(place, `${begun}*`);
        },
      ),
      { seed: 20_261_122, numRuns: 500 },
    );
    for (const place of PLACES) assert.equal(generalizePlace(place), place);
    assert.ok(PLACES.length <= 255 && PLACES.length === new Set(PLACES).size);
  });
});
