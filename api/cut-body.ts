/**
 * A body that ends when a signal says so. It is what `fetch` does by itself, but Deno 2.9 forgets a fetch's signal when garbage is collected
 * after the answer has begun: a stream that is to end then goes on for as long as the server has nothing to say.
 */

/** The response with a body that ends when it does, or with an error when the signal says so. Nothing is read ahead. */
export function cutBody(response: Response, signal: AbortSignal): Response {
  if (response.body === null) return response;
  const { status, statusText, headers } = response;
  return new Response(cut(response.body, signal), { status, statusText, headers });
}

function cut(body: ReadableStream<Uint8Array>, signal: AbortSignal): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let onAbort = () => {};
  const forget = () => signal.removeEventListener("abort", onAbort);
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        onAbort = () => {
          controller.error(signal.reason);
          // What comes of it is nobody's: the connection is given up.
          reader.cancel(signal.reason).catch(() => {});
        };
        if (signal.aborted) onAbort();
        else signal.addEventListener("abort", onAbort, { once: true });
      },
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          // The read that a cancel ended has errored the stream already.
          if (signal.aborted) return;
          if (!done) return controller.enqueue(value);
          forget();
          controller.close();
        } catch (error) {
          forget();
          throw error;
        }
      },
      cancel(reason) {
        forget();
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}
