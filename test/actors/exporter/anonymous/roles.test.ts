/** What leaves of each dataset in the anonymous profile. Whoever changes this table decides about somebody's privacy. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { otherStep, rolesOf, unfilterableColumn } from "../../../../actors/exporter/anonymous/roles.ts";
import { compressionTelemetry } from "../../../../datasets/compression-telemetry.ts";
import { defineDataset } from "../../../../datasets/define.ts";
import { datasetNamed, datasets } from "../../../../datasets/index.ts";
import { chooseColumns } from "../../../../datasets/shape.ts";
import { everything } from "../../../fixtures/dataset-rows.ts";

interface Expected {
  readonly quasi: Readonly<Record<string, string>>;
  readonly sensitive?: readonly string[];
  readonly removed?: readonly string[];
}

const TIME = "hour, day, removed";
const NAME = "exact, removed";

const EXPECTED: Readonly<Record<string, Expected>> = {
  memory: { quasi: { timestamp: TIME, total_mb: "3 digits, 2 digits, 1 digit, removed" } },
  process: { quasi: { timestamp: TIME, name_hash: NAME }, removed: ["pid"] },
  optimization: { quasi: { timestamp: TIME }, sensitive: ["trigger"] },
  compression_telemetry: {
    quasi: {
      timestamp: TIME,
      link_type: NAME,
      region: NAME,
      payload_size: "3 digits, 2 digits, 1 digit, removed",
    },
    sensitive: ["payload_type"],
    removed: ["vm_id", "request_id", "session_id"],
  },
  memory_1m: {
    quasi: { window_start: TIME, measure: "exact", revision: "3 digits" },
    removed: ["window_end"],
  },
  process_1m: {
    quasi: { window_start: TIME, name_hash: NAME, measure: "exact", revision: "3 digits" },
    removed: ["window_end"],
  },
  optimization_1m: {
    quasi: { window_start: TIME, measure: "exact", revision: "3 digits" },
    removed: ["window_end"],
  },
};

/** Compression telemetry, of which only the time is a quasi-identifier. */
const open = defineDataset({
  ...compressionTelemetry,
  time: "timestamp",
  columns: {
    ...compressionTelemetry.columns,
    region: { ...compressionTelemetry.columns.region, quasi: false },
    link_type: { ...compressionTelemetry.columns.link_type, quasi: false },
  },
});

describe("the anonymous profile", () => {
  for (const dataset of datasets) {
    test(`of ${dataset.name} is as it was decided`, () => {
      const { quasi, sensitive, others, removed } = rolesOf(dataset);
      const steps = quasi.map(({ column, steps: own }) => [column.name, own.join(", ")] as const);
      const found = {
        quasi: Object.fromEntries(steps),
        sensitive: sensitive.map(({ name }) => name),
        removed: removed.map(({ name }) => name),
      };
      assert.deepEqual(found, { sensitive: [], removed: [], ...EXPECTED[dataset.name] });
      assert.equal(quasi.length + others.length + removed.length, dataset.publicColumns.length);
    });
  }

  test("removes every pseudonym and moment that no declaration calls a quasi-identifier", () => {
    const { quasi, removed } = rolesOf(everything);
    assert.deepEqual(
      quasi.map(({ column }) => column.name),
      ["at"],
    );
    assert.deepEqual(
      removed.map(({ name }) => name),
      ["seen", "name_hash", "name_or", "id32", "id64", "id_hash"],
    );
  });

  test("lets a place that no declaration calls a quasi-identifier leave as it is, as it does a category", () => {
    const { others } = rolesOf(chooseColumns(open, ["region", "link_type"]));
    assert.deepEqual(
      others.map((column) => [column.name, otherStep(column)]),
      [
        ["region", "exact"],
        ["link_type", "exact"],
      ],
    );
  });

  test("takes no filter by time, nor by what does not leave", () => {
    const process = datasetNamed("process")!;
    assert.equal(unfilterableColumn(process, ["cpu_percent", "name_hash"]), undefined);
    assert.equal(unfilterableColumn(process, ["cpu_percent", "pid"]), "pid");
    assert.equal(unfilterableColumn(process, ["timestamp"]), "timestamp");
    assert.equal(unfilterableColumn(datasetNamed("process_1m")!, ["window_end"]), "window_end");
  });
});
