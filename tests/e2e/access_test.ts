/** Tests of a server that requires a key, used by programs, by a signed-in user and by a guest with a link. */

import type { BrowserContext, Page } from "playwright-core";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { axeFindings } from "../support/axe.ts";
import { follow, withPage } from "../support/browser.ts";
import { makeCertificate } from "../support/certificate.ts";
import { untilLive } from "../support/live.ts";
import {
  moduleArgs,
  type Program,
  runProgram,
  spawn,
  spawnProgram,
  startProgram,
} from "../support/program.ts";
import { findTool } from "../support/tools.ts";

const KEY = "a-key-for-this-very-test-0123456789";
const SECRETS = [KEY];

/** A server on HTTPS that requires a key, with its certificate and key in a temporary folder. */
class KeptServer implements AsyncDisposable {
  readonly folder: string;
  readonly program: Program;

  private constructor(folder: string, program: Program) {
    this.folder = folder;
    this.program = program;
  }

  static async start(args: readonly string[] = []): Promise<KeptServer | undefined> {
    if (await findTool(["openssl"], "A test behind TLS") === undefined) return undefined;
    const folder = await Deno.makeTempDir({ prefix: "taskscope-access-" });
    await makeCertificate(folder);
    await Deno.writeTextFile(`${folder}/key`, `${KEY}\n`);
    const tls = ["--cert", `${folder}/cert.pem`, "--tls-key", `${folder}/key.pem`];
    const program = await startProgram(["--key-file", `${folder}/key`, ...tls, ...args]);
    assertMatch(program.url, /^https:/);
    return new KeptServer(folder, program);
  }

  /** The environment variables with which a program reports to the server. */
  get env(): Record<string, string> {
    return { TASKSCOPE_SERVER: this.program.url, TASKSCOPE_KEY: KEY, DENO_CERT: `${this.folder}/cert.pem` };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program[Symbol.asyncDispose]();
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** Resolves when the page of a guest, who has no WebSocket, is live. */
async function untilGuestLive(guest: Page): Promise<void> {
  await guest.getByTestId("connection").getByText("Live via event stream", { exact: true }).waitFor();
}

async function signIn(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.getByLabel("Key").fill(KEY);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL((to) => !to.pathname.endsWith("/sign-in"));
}

Deno.test("access: programs report and read with the key, and get an error without it", async () => {
  await using server = await KeptServer.start();
  if (server === undefined) return;
  const { env, program } = server;
  const ran = await runProgram(["run", "--id", "job", "--", "sh", "-c", "echo 50%; echo done"], { env });
  assertEquals(ran, { code: 0, stdout: "50%\ndone\n", stderr: "" });
  assertEquals((await runProgram(["wait", "job", "--timeout", "20"], { env })).code, 0);
  assertStringIncludes((await runProgram(["ls"], { env })).stdout, "echo");
  assertEquals((await runProgram(["watch", "job"], { env })).code, 0);

  const { TASKSCOPE_KEY: _, ...keyless } = env;
  const refused = await runProgram(["ls"], { env: keyless });
  assertEquals(refused.code, 4);
  assertStringIncludes(
    refused.stderr,
    "This server requires a key; pass the key with --key-file or TASKSCOPE_KEY",
  );
  const unseen = await runProgram(["run", "--", "sh", "-c", "echo x; exit 3"], { env: keyless });
  assertEquals([unseen.code, unseen.stdout], [3, "x\n"], "the command runs as usual");
  assertStringIncludes(unseen.stderr, "This server requires a key; set TASKSCOPE_KEY");

  const token = (await runProgram(["token", "--may", "read", "--client", "default"], { env })).stdout.trim();
  SECRETS.push(token);
  const reader = { ...env, TASKSCOPE_KEY: token };
  assertStringIncludes((await runProgram(["ls"], { env: reader })).stdout, "echo");
  assertEquals((await runProgram(["cancel", "job"], { env: reader })).code, 4);
  const writer = (await runProgram(["token", "--may", "write", "--client", "default"], { env })).stdout
    .trim();
  SECRETS.push(writer);
  const wrote = await runProgram(["run", "--id", "by-token", "--", "true"], {
    env: { ...env, TASKSCOPE_KEY: writer },
  });
  assertEquals(wrote, { code: 0, stdout: "", stderr: "" });
  assertEquals((await runProgram(["wait", "by-token", "--timeout", "20"], { env })).code, 0);
  const said = program.process.stdout + program.process.stderr;
  for (const secret of SECRETS) assertEquals(said.includes(secret), false);
});

Deno.test("access: monitored() in a program reports with the key", async () => {
  await using server = await KeptServer.start();
  if (server === undefined) return;
  const file = `${server.folder}/job.ts`;
  const module = new URL("../../lib/monitored.ts", import.meta.url).href;
  await Deno.writeTextFile(
    file,
    `import { monitored } from "${module}";
await monitored(async (task) => {
  await task.update({ progress: 50 });
  return "reported";
}, { id: "from-program", name: "job", server: ${JSON.stringify(server.program.url)}, key: ${
      JSON.stringify(KEY)
    } })();
`,
  );
  const [, ...flags] = await moduleArgs("x", ["--allow-net", "--allow-env"]);
  const job = spawn(Deno.execPath(), ["run", ...flags.slice(0, -1), file], {
    env: { DENO_CERT: server.env.DENO_CERT! },
  });
  const ended = await job.ended();
  assertEquals([ended.code, ended.stderr.includes("[taskscope]")], [0, false], ended.stderr);
  const waited = await runProgram(["wait", "from-program", "--timeout", "20"], { env: server.env });
  assertEquals(waited.code, 0, waited.stderr);
});

Deno.test("access: a user signs in, starts and cancels tasks, shares a task and signs out", async () => {
  await using server = await KeptServer.start();
  if (server === undefined) return;
  const { program: { url }, env } = server;
  await withPage({ ignoreHTTPSErrors: true }, async ({ page, complaints, hosts }) => {
    await page.goto(`${url}/t/default`);
    assertMatch(page.url(), /\/sign-in\?to=/);
    assertEquals(await axeFindings(page), []);
    await page.getByLabel("Key").fill("not-the-key-of-this-server");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("alert").getByText("This key or token is not valid").waitFor();
    await page.getByLabel("Key").fill(KEY);
    await page.keyboard.press("Enter");
    await page.waitForURL(`${url}/t/default`);
    await untilLive(page);
    const running = spawnProgram(["run", "--name", "sleeper", "--", "sleep", "60"], { env });
    await using _running = await running;
    await page.getByRole("button", { name: "Cancel sleeper" }).click();
    await page.locator("[data-state=CANCELLED]").first().waitFor();
    // The only complaint is the status of the response to the wrong key, which the browser logs.
    assertEquals(complaints.filter((text) => !text.includes("401")), []);
    assertEquals([...hosts], [new URL(url).host]);
  });
});

Deno.test("access: a guest with a link sees the shared task live, and nothing else", async () => {
  await using server = await KeptServer.start(["--no-demo"]);
  if (server === undefined) return;
  const { program: { url }, env } = server;
  await using _job = await spawnProgram([
    "run",
    "--id",
    "shown",
    "--name",
    "shown job",
    "--",
    "sh",
    "-c",
    "echo 40%; sleep 300",
  ], {
    env,
  });
  // On a busy machine, the browser may be faster than the program that reports the task.
  while (!(await runProgram(["ls"], { env })).stdout.includes("shown job"));
  await withPage({ ignoreHTTPSErrors: true }, async ({ page, complaints }) => {
    await signIn(page, `${url}/t/default/shown`);
    await untilLive(page);
    await follow(page.getByRole("link", { name: "Share" }));
    assertEquals(await axeFindings(page), []);
    await page.getByLabel("Valid for").selectOption({ label: "a day" });
    await page.getByRole("button", { name: "Create link" }).click();
    const link = await page.getByLabel("Link, valid for a day").inputValue();
    assertMatch(link, /\/s\/[\w-]+\.[\w-]+\.[\w-]+$/);
    await page.getByRole("link", { name: "Back to the task" }).click();
    await untilLive(page);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.waitForURL(/\/sign-in$/);

    const browser = page.context().browser()!;
    const guests: BrowserContext = await browser.newContext({ ignoreHTTPSErrors: true });
    const guest = await guests.newPage();
    await guest.goto(link);
    assertEquals(guest.url(), `${url}/t/default/shown`, "the token must not stay in the URL");
    await untilGuestLive(guest);
    await guest.getByText("40%").first().waitFor();
    assertEquals(await axeFindings(guest), []);
    assertEquals(await guest.getByRole("button", { name: /Cancel|Remove|Retry/ }).count(), 0);
    assertEquals(await guest.getByText("read-only").count(), 1);
    assertEquals((await guest.goto(`${url}/t/default`))!.status(), 403);
    await guest.goBack();
    await untilGuestLive(guest);
    assertEquals((await runProgram(["cancel", "shown"], { env })).code, 0);
    await guest.locator(".hero[data-state=CANCELLED], .hero[data-state=ERROR]").waitFor();
    await untilGuestLive(guest);
    assert(!(await guest.content()).includes(link.split("/s/")[1]!));
    await guests.close();
    assertEquals(complaints, []);
  });
});
