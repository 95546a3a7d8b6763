import { request } from "../../../../lib/cli/client/api.ts";
import { CommandError } from "../../../../lib/cli/command.ts";
import { EXIT } from "../../../../lib/cli/exit_status.ts";
import { assertEquals, assertRejects } from "../../../support/assert.ts";

/** Starts a server on a free port, and returns its origin. */
function serve(handler: (request: Request) => Response): { readonly origin: string } & AsyncDisposable {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, handler);
  return {
    origin: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

Deno.test("request() names the address that a server redirects to, and sends nothing there", async () => {
  const arrived: string[] = [];
  await using there = serve(({ method, url }) => {
    arrived.push(`${method} ${url}`);
    return Response.json({ all_tasks: {} });
  });
  const signIn = `${there.origin}/sign-in`;
  let location = (path: string) => `${there.origin}/monitor${path}`;
  let status = 301;
  await using here = serve(({ url }) => {
    const { pathname, search } = new URL(url);
    return new Response(null, { status, headers: { location: location(`${pathname}${search}`) } });
  });
  const target = { server: here.origin, client: "c", key: "a".repeat(32) };
  const messageOf = async (path: string, method: "GET" | "POST" | "PATCH") => {
    const error = await assertRejects(() => request(target, path, { method }), CommandError);
    assertEquals(error.status, EXIT.missing);
    return error.message;
  };
  const moved = `Cannot use the server at ${here.origin}: it redirects to ${there.origin}/monitor; ` +
    "pass that URL with --server";
  for (status of [301, 302, 303, 307, 308]) {
    assertEquals(await messageOf("", "POST"), moved, `POST ${status}`);
    assertEquals(await messageOf("/id", "PATCH"), moved, `PATCH ${status}`);
    assertEquals(await messageOf("?limit=1", "GET"), moved, `GET ${status}`);
  }
  location = (path) => `${signIn}?secret=1&next=${encodeURIComponent(path)}`;
  const elsewhere = `Cannot use the server at ${here.origin}: it redirects to ${signIn}`;
  assertEquals(await messageOf("/id", "GET"), elsewhere);
  assertEquals(arrived, []);
});
