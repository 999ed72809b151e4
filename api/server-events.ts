/** Server-sent events out of a body, as far as Millrace writes them: blocks with `event`, `id` and one `data` line. */

export interface ServerEvent {
  readonly event: string;
  readonly data: string;
  /** Where its reader then stands; undefined for an event that does not say. */
  readonly id: string | undefined;
}

/**
 * Ends when the body does, and when it breaks: whoever needs the end of it sees that it did not come.
 * @param onId told of an id that comes without an event
 */
export async function* readEvents(
  body: ReadableStream<Uint8Array> | null,
  onId: (id: string) => void = () => {},
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
        const id = field(block, "id");
        if (event !== undefined && data !== undefined) yield { event, data, id };
        else if (id !== undefined) onId(id);
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
