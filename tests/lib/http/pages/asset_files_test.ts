import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { assetNames, pageAssets } from "../../../../ui/server/assets.ts";
import { assertEquals, assertLess, assertLessOrEqual } from "../../../support/assert.ts";
import { send } from "../../../support/raw_http.ts";
import { startServer, type TestServer } from "../../../support/server.ts";

/** The maximum size in bytes of the compressed scripts with which a page starts. */
const MOST_SCRIPT_BYTES = 32_768;

interface Transferred {
  readonly head: string;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** Sends a request over a raw connection, because fetch() would decompress the response. */
async function ask(server: TestServer, path: string, accepted: string | null): Promise<Transferred> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  const accept = accepted === null ? "" : `Accept-Encoding: ${accepted}\r\n`;
  const host = `Host: 127.0.0.1:${server.port}\r\nConnection: close\r\n`;
  await send(connection, new TextEncoder().encode(`GET ${path} HTTP/1.1\r\n${host}${accept}\r\n`));
  const bytes = new Uint8Array(await new Response(connection.readable).arrayBuffer());
  const end = new TextDecoder("latin1").decode(bytes).indexOf("\r\n\r\n");
  return { head: new TextDecoder().decode(bytes.subarray(0, end)), body: bytes.slice(end + 4) };
}

function headerOf({ head }: Transferred, name: string): string | null {
  return new RegExp(`^${name}: (.*)$`, "im").exec(head)?.[1] ?? null;
}

const READERS = { br: brotliDecompressSync, gzip: gunzipSync } as const;

Deno.test("AssetFiles.answer() uses the best encoding that the client accepts", async () => {
  await using server = startServer();
  for (const [name, asset] of pageAssets) {
    const sizes = new Map<string | null, number>();
    for (
      const [accepted, wanted] of [
        ["gzip, deflate, br, zstd", "br"],
        ["gzip, deflate", "gzip"],
        ["br;q=0, gzip", "gzip"],
        ["identity", null],
        ["", null],
        [null, null],
      ] as const
    ) {
      const answer = await ask(server, `/assets/${name}`, accepted);
      assertEquals(headerOf(answer, "content-encoding"), wanted, `${accepted}`);
      assertEquals(headerOf(answer, "content-type"), asset.contentType);
      assertEquals(headerOf(answer, "content-length"), `${answer.body.length}`);
      assertEquals(headerOf(answer, "vary"), "Accept-Encoding");
      assertEquals(headerOf(answer, "cache-control"), "public, max-age=31536000, immutable");
      const plain = wanted === null ? answer.body : READERS[wanted](answer.body);
      assertEquals(new TextDecoder().decode(plain), asset.body);
      sizes.set(wanted, answer.body.length);
    }
    assertLess(sizes.get("br")!, sizes.get("gzip")!);
    // Short files compress less well, because less of their text repeats.
    assertLess(sizes.get("gzip")!, sizes.get(null)! * (asset.body.length < 4_096 ? 0.75 : 0.5));
  }
  assertEquals(server.errors, []);
});

Deno.test("AssetFiles: the scripts of the list page and of a task's page are small", async () => {
  await using server = startServer();
  await server.monitor.monitored(() => null, { client: "c", id: "t" })();
  for (const [path, name] of [["/t/c", assetNames.list], ["/t/c/t", assetNames.task]] as const) {
    const html = await (await fetch(server.url + path)).text();
    const scripts = Array.from(html.matchAll(/<script [^>]*src="([^"]+)"/g), ([, script]) => script!);
    assertEquals(scripts, [`/assets/${name}`]);
    const { body } = await ask(server, scripts[0]!, "gzip, br");
    assertLessOrEqual(body.length, MOST_SCRIPT_BYTES);
  }
});
