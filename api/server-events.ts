/** Server-sent events out of a body, as far as Millrace writes them: blocks with `event`, `id` and one `data` line. */

export interface ServerEvent {
  readonly event: string;
  readonly data: string;
  /** Where its reader then stands; undefined for an event that does not say. */
  readonly id: string | undefined;
}

/** Ends when the body does, and when it breaks: whoever needs the end of it sees that it did not come. */
export async function* readEvents(
  body: ReadableStream<Uint8Array> | null,
): AsyncGenerator<ServerEvent, void, void> {
  const decoder = new TextDecoder();
  let text = "";
  try {
    for await (const part of body ?? []) {
      text += decoder.decode(part, { stream: true });
      const blocks = text.split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) {
        const event = field(block, "event");
        const data = field(block, "data");
        if (event !== undefined && data !== undefined) yield { event, data, id: field(block, "id") };
      }
    }
  } catch {
    // The connection ended in the middle.
  }
}

function field(block: string, name: string): string | undefined {
  return block
    .split("\n")
    .find((line) => line.startsWith(`${name}: `))
    ?.slice(name.length + 2);
}
