/** Reads MessagePack as far as the client writes it: by the plainest code there is. */

/** The values that are in a body, one behind the other. */
export function unpacked(body: Uint8Array): unknown[] {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const values: unknown[] = [];
  let at = 0;
  const text = (length: number) => {
    at += length;
    return new TextDecoder("utf-8", { fatal: true }).decode(body.subarray(at - length, at));
  };
  const value = (): unknown => {
    const first = view.getUint8(at++);
    if (first < 0x80) return first;
    if (first >= 0xa0 && first < 0xc0) return text(first - 0xa0);
    at += { 203: 8, 210: 4, 217: 1, 219: 4, 221: 4, 223: 4 }[first] ?? 0;
    if (first === 0xc0) return null;
    if (first === 0xc2 || first === 0xc3) return first === 0xc3;
    if (first === 0xcb) return view.getFloat64(at - 8);
    if (first === 0xd2) return view.getInt32(at - 4);
    if (first === 0xd9) return text(view.getUint8(at - 1));
    const count = view.getUint32(at - 4);
    if (first === 0xdb) return text(count);
    if (first === 0xdd) return Array.from({ length: count }, value);
    if (first !== 0xdf) throw new Error(`a byte ${first} that the client does not write, at ${at - 1}`);
    return Object.fromEntries(Array.from({ length: count }, () => [value(), value()]));
  };
  while (at < body.length) values.push(value());
  return values;
}
