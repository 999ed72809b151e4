import assert from "node:assert/strict";
import { test } from "node:test";
import { controlSettings, serverUrl } from "../../http/control-settings.ts";
import type { Settings } from "../../settings.ts";

const tls = { cert: "", key: "" };

function made(http: Partial<Settings["http"]>, isSecure = false) {
  const access = { tokens: [], tls: isSecure ? tls : undefined };
  return controlSettings({ host: "127.0.0.1", port: 0, ...http }, access, () => 8787);
}

test("an address beyond loopback may ask a hundred times a second, unless it is said otherwise", () => {
  for (const [http, expected] of [
    [{}, 0],
    [{ host: "::1" }, 0],
    [{ host: "0.0.0.0" }, 100],
    [{ host: "192.0.2.7" }, 100],
    [{ host: "0.0.0.0", requestsPerSecond: 0 }, 0],
    [{ requestsPerSecond: 5 }, 5],
  ] as const) {
    assert.equal(made(http).requestsPerSecond, expected, JSON.stringify(http));
  }
});

test("the address is one that the certificate can be for", () => {
  for (const [http, isSecure, expected] of [
    [{}, false, "http://127.0.0.1:8787"],
    [{ host: "::1" }, false, "http://[::1]:8787"],
    [{ host: "0.0.0.0", names: "millrace.example" }, false, "http://0.0.0.0:8787"],
    [{}, true, "https://127.0.0.1:8787"],
    [{ host: "192.0.2.7", names: "millrace.example" }, true, "https://192.0.2.7:8787"],
    [{ host: "0.0.0.0" }, true, "https://0.0.0.0:8787"],
    [{ host: "0.0.0.0", names: "proxy.example:443 millrace.example" }, true, "https://millrace.example:8787"],
    [{ host: "::", names: "[fd00::1]:8787" }, true, "https://[fd00::1]:8787"],
  ] as const) {
    assert.equal(serverUrl(made(http, isSecure)), expected, JSON.stringify(http));
  }
});
