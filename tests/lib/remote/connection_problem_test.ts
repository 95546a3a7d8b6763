import { connectionProblem } from "../../../lib/remote/connection_problem.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { makeCertificate } from "../../support/certificate.ts";
import { freePort } from "../../support/free_port.ts";

const WITHOUT_TLS = "it responds without TLS; use http://";
const NOT_HTTP = "it does not respond with HTTP; it may need https://";
const CERTIFICATE = "its certificate is not trusted, or is for another host";

async function problemAt(url: string): Promise<string | null> {
  return connectionProblem(await assertRejects(() => fetch(url)));
}

Deno.test("connectionProblem() distinguishes TLS errors from a server that is not running", async () => {
  const folder = await Deno.makeTempDir({ prefix: "taskscope-" });
  try {
    await makeCertificate(folder);
    const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
    const [cert, key] = ["cert", "key"].map((name) => Deno.readTextFileSync(`${folder}/${name}.pem`));
    const plain = Deno.serve(options, () => new Response());
    const secure = Deno.serve({ ...options, cert: cert!, key: key! }, () => new Response());
    assertEquals(await problemAt(`https://127.0.0.1:${plain.addr.port}/`), WITHOUT_TLS);
    assertEquals(await problemAt(`http://127.0.0.1:${secure.addr.port}/`), NOT_HTTP);
    assertEquals(await problemAt(`https://127.0.0.1:${secure.addr.port}/`), CERTIFICATE);
    assertEquals(await problemAt(`https://127.0.0.1:${freePort()}/`), null);
    await plain.shutdown();
    await secure.shutdown();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("connectionProblem() recognizes the errors of Node", () => {
  const failed = (message: string, code: string) =>
    new TypeError("fetch failed", { cause: Object.assign(new Error(message), { code }) });
  const table: [string, string, string | null][] = [
    [
      "80:error:0A00010B:SSL routines:ssl3_get_record:wrong version number",
      "ERR_SSL_WRONG_VERSION_NUMBER",
      WITHOUT_TLS,
    ],
    ["Response does not match the HTTP/1.1 protocol (Expected HTTP/)", "HPE_INVALID_CONSTANT", NOT_HTTP],
    ["self-signed certificate", "DEPTH_ZERO_SELF_SIGNED_CERT", CERTIFICATE],
    ["connect ECONNREFUSED 127.0.0.1:1", "ECONNREFUSED", null],
  ];
  for (const [message, code, problem] of table) {
    assertEquals(connectionProblem(failed(message, code)), problem);
  }
  const cycle = new Error("around");
  cycle.cause = cycle;
  for (const value of [cycle, null, "text", undefined]) assertEquals(connectionProblem(value), null);
});
