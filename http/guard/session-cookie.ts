/**
 * The cookie that a session's id travels in: no script reads it, no other site has it sent, and under TLS it is never sent
 * without. Cookies know no ports, so its name has the port: two servers of one host do not take each other's away.
 */

import { SESSION_MS } from "./sessions.ts";

/** What the cookie depends on. */
export interface CookieSettings {
  readonly port: number;
  readonly isSecure: boolean;
}

/** Base64url of 32 bytes. Anything else is no id, and is not looked up. */
const ID = /^[A-Za-z0-9_-]{43}$/;

/** @param isHttps whether the browser speaks TLS, with us or with a proxy before us */
export function sessionCookie(id: string, settings: CookieSettings, isHttps = settings.isSecure): string {
  return cookie(id, SESSION_MS / 1000, settings, isHttps);
}

/** Has the browser forget it. */
export function endedCookie(settings: CookieSettings): string {
  return cookie("", 0, settings, settings.isSecure);
}

/** The id in a Cookie header; undefined: there is none, or several. */
export function sessionId(header: string | undefined, settings: CookieSettings): string | undefined {
  const prefix = `${sessionCookieName(settings)}=`;
  const [value, ...others] = (header ?? "")
    .split(";")
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(prefix))
    .map((pair) => pair.slice(prefix.length));
  return value !== undefined && others.length === 0 && ID.test(value) ? value : undefined;
}

function cookie(value: string, maxAgeSeconds: number, settings: CookieSettings, isHttps: boolean): string {
  const secure = isHttps ? "; Secure" : "";
  return `${sessionCookieName(settings)}=${value}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Strict${secure}`;
}

/** With `__Host-` browsers take it over TLS alone, and from this very host. */
export function sessionCookieName({ port, isSecure }: CookieSettings): string {
  return `${isSecure ? "__Host-" : ""}millrace-${port}`;
}
