/**
 * Launches one browser for all test files; each test opens contexts of its own in it.
 *
 * @module
 */

import { CHROMIUM_EXECUTABLES, launchSharedBrowser } from "../../tests/support/chromium.ts";

/** A running browser; closed when disposed of. */
export interface SharedBrowser extends AsyncDisposable {
  /** The environment variables by which tests find it; none if there is no browser. */
  readonly env: Readonly<Record<string, string>>;
}

/** Stands in for a browser that is missing or not needed. */
export const NO_BROWSER: SharedBrowser = { env: {}, async [Symbol.asyncDispose]() {} };

/** Launches the browser; without one installed, each browser test reports that itself. */
export async function startSharedBrowser(): Promise<SharedBrowser> {
  const executablePath = await findExecutable();
  if (executablePath === undefined) return NO_BROWSER;
  const { server, env } = await launchSharedBrowser(executablePath);
  return { env, [Symbol.asyncDispose]: () => server.close() };
}

async function findExecutable(): Promise<string | undefined> {
  for (const path of CHROMIUM_EXECUTABLES) {
    if (await Deno.stat(path).then(() => true, () => false)) return path;
  }
  return undefined;
}
