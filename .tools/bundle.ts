/**
 * Bundles what runs in the browser into one file, `ui/dist/page.js`, which the program embeds.
 *
 * `deno run --allow-run=deno .tools/bundle.ts`
 *
 * @module
 */

/** What {@linkcode bundlePage} made. */
export interface PageBundle {
  /** Where it is. */
  readonly path: string;
  readonly bytes: number;
  /** Its size as browsers load it. */
  readonly gzippedBytes: number;
}

/**
 * Bundles `ui/main.tsx`. The same source gives the same bytes.
 *
 * @returns where the bundle is and how large
 * @throws {Error} with the bundler's own words where it failed
 */
export async function bundlePage(): Promise<PageBundle> {
  const root = new URL("../", import.meta.url);
  const command = new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--platform", "browser", "--minify", "-o", "ui/dist/page.js", "ui/main.tsx"],
    cwd: root,
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  });
  const { success, stderr } = await command.output();
  if (!success) throw new Error(`Cannot bundle the page: ${new TextDecoder().decode(stderr).trim()}`);
  const file = new URL("ui/dist/page.js", root);
  const bytes = await Deno.readFile(file);
  const gzipped = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  const gzippedBytes = (await new Response(gzipped).arrayBuffer()).byteLength;
  return { path: file.pathname, bytes: bytes.byteLength, gzippedBytes };
}

if (import.meta.main) {
  const { bytes, gzippedBytes } = await bundlePage();
  // deno-lint-ignore no-console -- a command that says what it made
  console.log(`ui/dist/page.js: ${bytes} bytes, ${gzippedBytes} gzipped`);
}
