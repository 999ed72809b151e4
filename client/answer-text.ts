/**
 * Answers that may never end. To give a request up is what `fetch` has a signal for, but Deno 2.9 forgets it when garbage is collected after
 * the answer has begun: so who waits is let go here, and the body is given up, too.
 */

/** Characters of an answer that are read, at the most: what Millrace says is far shorter. */
const MOST_CHARACTERS = 2 ** 20;
/** Length of an answer, as it says, that is read without looking after it. */
const SHORT_BYTES = 2 ** 16;

/** What `work` comes to, or a rejection as soon as the signal says so. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
    work.then(resolve, reject);
  });
}

/** The answer's text, cut off where it is far too long, or when the signal says so. */
export async function answerText(response: Response, signal: AbortSignal): Promise<string> {
  const length = response.headers.get("content-length");
  // The runtime reads it by itself in half the time, as all that Millrace says; and its end is near.
  if (length !== null && Number(length) <= SHORT_BYTES) return response.text();
  const reader = response.body?.getReader();
  if (reader === undefined) return "";
  const end = () => void reader.cancel().catch(() => {});
  if (signal.aborted) end();
  else signal.addEventListener("abort", end);
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    text += decoder.decode(value, { stream: true });
    if (text.length > MOST_CHARACTERS) {
      end();
      return text;
    }
  }
}
