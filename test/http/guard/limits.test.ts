/** How much one address may ask, and how often it may be wrong. */

import assert from "node:assert/strict";
import { isIPv4 } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import { addressKey } from "../../../http/guard/address-key.ts";
import { AddressTable, MAX_ADDRESSES } from "../../../http/guard/address-table.ts";
import { FailedTokens, MAX_FAILURES, WITHIN_MS } from "../../../http/guard/failed-tokens.ts";
import { RequestRate } from "../../../http/guard/request-rate.ts";
import { VirtualClock } from "../../../runtime/clock.ts";

const SEED = 20_261_122;

test("one host is one key: an IPv4 address however it is written, of IPv6 addresses the network", () => {
  for (const [address, expected] of [
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::ffff:c000:201", "192.0.2.1"],
    ["::FFFF:192.0.2.1", "192.0.2.1"],
    ["::1", "0:0:0:0::/64"],
    ["::", "0:0:0:0::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["2001:db8:0:0:ffff:ffff:ffff:ffff", "2001:db8:0:0::/64"],
    ["2001:db8:0:1::", "2001:db8:0:1::/64"],
    ["2001:0DB8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["1:2:3:4:5:6:7::", "1:2:3:4::/64"],
    ["64:ff9b::192.0.2.1", "64:ff9b:0:0::/64"],
    ["localhost", "unknown"],
    ["", "unknown"],
    [undefined, "unknown"],
  ] as const) {
    assert.equal(addressKey(address), expected, address);
  }
  const half = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 4, maxLength: 4 });
  fc.assert(
    fc.property(half, half, half, (network, one, other) => {
      const [first = 0] = network;
      // Not below the mapped addresses, which are IPv4.
      fc.pre(first !== 0);
      const of = (host: number[]) => addressKey([...network, ...host].map((n) => n.toString(16)).join(":"));
      assert.equal(of(one), of(other));
      assert.equal(of(one), `${network.map((n) => n.toString(16)).join(":")}::/64`);
    }),
    { seed: SEED },
  );
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string()), (text) => {
      assert.match(addressKey(text), /^(?:unknown|[\da-f]{1,4}(?::[\da-f]{1,4}){3}::\/64|\d+(?:\.\d+){3})$/);
      if (isIPv4(text)) assert.equal(addressKey(text), text);
    }),
    { seed: SEED },
  );
});

test("the table forgets who was seen the longest ago, and is never larger than it may be", () => {
  const table = new AddressTable(() => ({ seen: 0 }), 3);
  const see = (address: string) => ++table.seen(address).seen;
  for (const address of ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.1"]) see(address);
  see("10.0.0.4");
  assert.equal(table.size, 3);
  assert.equal(table.find("10.0.0.2"), undefined);
  assert.equal(table.find("10.0.0.1")?.seen, 2);
  assert.equal(table.find("10.0.0.9"), undefined);
  const usual = new AddressTable(() => 0);
  for (let n = 0; n < MAX_ADDRESSES + 50; n++) usual.seen(`10.0.${n >> 8}.${n & 255}`);
  assert.equal(usual.size, MAX_ADDRESSES);
});

test("after ten wrong tokens within a minute none is looked at until the first is a minute ago", () => {
  const clock = new VirtualClock();
  const failed = new FailedTokens(clock);
  for (let n = 0; n < MAX_FAILURES; n++) {
    assert.equal(failed.blockedMs("192.0.2.1"), 0, `failure ${n}`);
    failed.add("192.0.2.1");
    clock.advance(1000);
  }
  assert.equal(failed.blockedMs("192.0.2.1"), WITHIN_MS - MAX_FAILURES * 1000);
  assert.equal(failed.blockedMs("::ffff:192.0.2.1"), WITHIN_MS - MAX_FAILURES * 1000);
  assert.equal(failed.blockedMs("192.0.2.2"), 0);
  clock.advance(WITHIN_MS - MAX_FAILURES * 1000 - 1);
  assert.equal(failed.blockedMs("192.0.2.1"), 1);
  clock.advance(1);
  assert.equal(failed.blockedMs("192.0.2.1"), 0);
  // The second one is still within the minute.
  failed.add("192.0.2.1");
  assert.equal(failed.blockedMs("192.0.2.1"), 1000);
});

test("however wrong tokens come, no minute has more of them looked at than ten", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 30, maxLength: 120 }), (gaps) => {
      const clock = new VirtualClock();
      const failed = new FailedTokens(clock);
      const looked: number[] = [];
      for (const gap of gaps) {
        clock.advance(gap);
        if (failed.blockedMs("2001:db8::1") > 0) continue;
        failed.add("2001:db8::2");
        looked.push(clock.monotonicMs());
      }
      for (const atMs of looked) {
        const within = looked.filter((other) => other >= atMs && other < atMs + WITHIN_MS);
        assert.ok(within.length <= MAX_FAILURES, `${within.length} from ${atMs} on`);
      }
    }),
    { seed: SEED },
  );
});

test("failures of many addresses take no more room than there is", () => {
  const failed = new FailedTokens(new VirtualClock(), 2);
  for (let n = 0; n < MAX_FAILURES; n++) for (const last of [1, 2]) failed.add(`10.0.0.${last}`);
  assert.ok(failed.blockedMs("10.0.0.1") > 0);
  failed.add("10.0.0.3");
  assert.equal(failed.blockedMs("10.0.0.1"), 0, "the one that was seen the longest ago is forgotten");
  assert.ok(failed.blockedMs("10.0.0.2") > 0);
});

test("a burst of two seconds' worth, then so many a second, each address for itself", () => {
  const clock = new VirtualClock();
  const rate = new RequestRate(100, clock);
  for (let n = 0; n < 200; n++) assert.equal(rate.take("192.0.2.1"), 0, `request ${n}`);
  assert.equal(Math.round(rate.take("192.0.2.1")), 10);
  assert.equal(rate.take("192.0.2.2"), 0);
  clock.advance(10);
  assert.equal(rate.take("192.0.2.1"), 0);
  assert.ok(rate.take("192.0.2.1") > 0);
  clock.advance(3_600_000);
  let taken = 0;
  while (rate.take("192.0.2.1") === 0) taken++;
  assert.equal(taken, 200);
});

test("over any time no more come than the burst and the rate allow, and none waits in vain", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.array(fc.integer({ min: 0, max: 2000 }), { minLength: 1, maxLength: 100 }),
      (perSecond, gaps) => {
        const clock = new VirtualClock();
        const rate = new RequestRate(perSecond, clock);
        let taken = 0;
        for (const gap of gaps) {
          clock.advance(gap);
          const waitMs = rate.take("192.0.2.1");
          if (waitMs === 0) taken++;
          else {
            clock.advance(waitMs + 0.001);
            assert.equal(rate.take("192.0.2.1"), 0, "after the time that was told");
            taken++;
          }
        }
        const most = 2 * perSecond + (clock.monotonicMs() / 1000) * perSecond;
        assert.ok(taken <= most + 1e-6, `${taken} of at most ${most}`);
      },
    ),
    { seed: SEED },
  );
});
