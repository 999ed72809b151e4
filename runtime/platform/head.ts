/**
 * HEAD is answered without a body, and so both runtimes say that GET would have none either: `content-length: 0`. Where the answer does
 * not say a length itself, it is to say none (RFC 9110, 8.6).
 */

/** Answers that have no body whatever the method. */
const BODILESS: readonly number[] = [204, 205, 304];

export function isOfUnsaidLength(request: Request, response: Response): boolean {
  return (
    request.method === "HEAD" &&
    response.body === null &&
    !response.headers.has("content-length") &&
    !BODILESS.includes(response.status)
  );
}
