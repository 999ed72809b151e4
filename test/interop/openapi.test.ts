/** The OpenAPI document before a validator that is not ours, and answers and problems before the schemas that it says they have. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { OpenApi } from "../../http/openapi-types.ts";
import { wholeControl } from "../http/whole-control.ts";
import { PYTHON_TEST_TIMEOUT_MS, pythonSkipped, pythonWith, run } from "./python.ts";

const PACKAGES = ["openapi-spec-validator==0.9.0", "jsonschema==4.26.0", "rfc3339-validator==0.1.4"];
const SCRIPT = fileURLToPath(new URL("check-openapi.py", import.meta.url));

const skip = pythonSkipped();
const only = { skip, timeout: PYTHON_TEST_TIMEOUT_MS };

interface Answer {
  readonly what: string;
  readonly schema: string;
  readonly body: unknown;
}

async function check(document: unknown, answers: readonly Answer[]): Promise<string> {
  const python = await pythonWith(PACKAGES);
  const folder = mkdtempSync(join(tmpdir(), "millrace-test-"));
  try {
    const file = join(folder, "openapi.json");
    writeFileSync(file, JSON.stringify({ document, answers }));
    const { code, stdout, stderr } = await run(python, [SCRIPT, file]);
    assert.equal(code, 0, stderr);
    return stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("the document is valid OpenAPI 3.1, and answers are what it says", only, async () => {
  const { request } = wholeControl();
  const document = (await (await request("/openapi.json")).json()) as OpenApi;
  const answers: Answer[] = [];
  for (const [path, { get }] of Object.entries(document.paths)) {
    const content = get?.responses["200"]?.content ?? {};
    if (!("application/json" in content) || path.includes("{")) continue;
    const response = await request(path);
    const escaped = path.replaceAll("/", "~1");
    const schema = `#/paths/${escaped}/get/responses/${response.status}/content/application~1json/schema`;
    answers.push({ what: path, schema, body: await response.json() });
  }
  assert.ok(answers.length > 8);
  for (const path of ["/nowhere", "/v1/datasets/x", "/v1/exports?x=1"]) {
    const body = await (await request(path)).json();
    answers.push({ what: path, schema: "#/components/schemas/Problem", body });
  }
  assert.equal(await check(document, answers), "");
});

test("the validator finds what is wrong", only, async () => {
  const { request } = wholeControl();
  const document = (await (await request("/openapi.json")).json()) as OpenApi;
  const schema = "#/components/schemas/Health";
  const body = { status: "fine", version: "1", uptimeSeconds: 1, actors: { running: 1, total: 1 } };
  assert.match(
    await check(document, [{ what: "health", schema, body }]),
    /^health: status: 'fine' is not one of/,
  );
  const { paths: _, ...rest } = document;
  assert.match(await check({ ...rest, info: {} }, []), /^document: info: /m);
});
