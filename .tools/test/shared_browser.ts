/**
 * Launches one browser for all test files; each test opens its own contexts in it.
 *
 * @module
 */

import { ENGINE_EXECUTABLES, launchSharedBrowser } from "../../tests/support/chromium.ts";

/** A running browser; disposal closes it. */
export interface SharedBrowser extends AsyncDisposable {
  /** The environment variables with which tests find the browser; empty if there is none. */
  readonly env: Readonly<Record<string, string>>;
}

/** The object to use instead of a browser that is not installed or not needed. */
export const NO_BROWSER: SharedBrowser = { env: {}, async [Symbol.asyncDispose]() {} };

/** Launches the browser; returns {@linkcode NO_BROWSER} if none is installed, and each browser test then reports that. */
export async function startSharedBrowser(): Promise<SharedBrowser> {
  const executablePath = await findExecutable();
  if (executablePath === undefined) return NO_BROWSER;
  const { server, env } = await launchSharedBrowser(executablePath);
  return { env, [Symbol.asyncDispose]: () => server.close() };
}

async function findExecutable(): Promise<string | undefined> {
  for (const path of ENGINE_EXECUTABLES) {
    if (await Deno.stat(path).then(() => true, () => false)) return path;
  }
  return undefined;
}
