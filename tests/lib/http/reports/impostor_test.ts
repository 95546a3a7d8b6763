/**
 * Checks the table of SECURITY.md about reporters: whether someone who knows the name of a reporter can act as that
 * reporter, with each kind of token.
 */

import { Keyring } from "../../../../lib/access/keyring.ts";
import { keyProtocols } from "../../../../lib/remote/credentials.ts";
import { createIdentity } from "../../../../lib/remote/reporter_identity.ts";
import { assert, assertEquals } from "../../../support/assert.ts";
import { call } from "../../../support/calls.ts";
import { createChange } from "../../../support/changes.ts";
import { creation, reportOf } from "../../../support/report_socket.ts";
import { startServer, type TestServer } from "../../../support/server.ts";
import { TestSocket } from "../../../support/socket.ts";
import { until } from "../../../support/until.ts";

const KEY = "the-key-of-this-very-server";
const DOCUMENT = new URL("../../../../.github/SECURITY.md", import.meta.url);
/** The access of a write token for all tasks of the client. */
const ALL_OF_C = { may: "write", client: "c", taskId: null, expiresAt: null } as const;
/** The run to which the run token is bound. */
const RUN = { taskId: "run", reporter: createIdentity().id };
const BEARER = { authorization: `Bearer ${KEY}` };

type Transport = "HTTP" | "a socket";

/** An impostor that sends batches with the id of a reporter, and keeps the replies. */
interface Impostor {
  readonly replies: unknown[];
  send(reports: readonly unknown[]): Promise<void>;
  leave(): Promise<void>;
}

async function impostor(
  transport: Transport,
  server: TestServer,
  reporter: string,
  token: string | null,
): Promise<Impostor> {
  const replies: unknown[] = [];
  if (transport === "HTTP") {
    const send = async (reports: readonly unknown[]) => {
      const { json } = await call("POST", `${server.url}/report?reporter=${reporter}`, {
        body: { batch: 1, reports, secret: "guessed" },
        headers: token === null ? {} : { authorization: `Bearer ${token}` },
      });
      replies.push(...json.replies ?? []);
    };
    return { replies, send, leave: () => Promise.resolve() };
  }
  const socket = new WebSocket(
    `${server.url.replace("http", "ws")}/ws/report?reporter=${reporter}`,
    keyProtocols(token),
  );
  const closed = new Promise<void>((resolve) => socket.onclose = () => resolve());
  const opened = new Promise<void>((resolve) => socket.onopen = () => resolve());
  socket.onmessage = ({ data }) => void replies.push(JSON.parse(data));
  await Promise.race([opened, closed]);
  const send = async (reports: readonly unknown[]) => {
    if (socket.readyState !== WebSocket.OPEN) return;
    socket.send(JSON.stringify({ batch: 1, reports, secret: "guessed" }));
    // The server replies to the empty batch after all earlier batches, so the replies to those have arrived,
    // too.
    socket.send('{"batch":2,"reports":[]}');
    await until(() =>
      socket.readyState === WebSocket.CLOSED ||
      replies.some((reply) => (reply as { readonly type: string }).type === "alive")
    );
  };
  const leave = async () => {
    socket.close();
    await closed;
  };
  return { replies, send, leave };
}

/** A server, and a reporter over a WebSocket that runs the task `t` of the client `c`. */
class Scene implements AsyncDisposable {
  readonly server = startServer({ key: KEY });
  readonly reporter: string;
  readonly #secret: string | null;
  #socket!: TestSocket;

  constructor(hasSecret: boolean) {
    const { id, secret } = createIdentity();
    this.reporter = hasSecret ? id : "reporter-of-0-1-0";
    this.#secret = hasSecret ? secret : null;
  }

  async begin(): Promise<void> {
    const url = `${this.server.url}/ws/report?reporter=${this.reporter}`;
    this.#socket = new TestSocket(url, keyProtocols(KEY));
    await this.#socket.opened();
    if (this.#secret !== null) {
      this.#socket.send(JSON.stringify({ batch: 0, reports: [], secret: this.#secret }));
    }
    const reports = [creation("t", 1), reportOf("t", { type: "start" }, 2)];
    this.#socket.send(JSON.stringify({ batch: 1, reports }));
    await this.#socket.find(({ type }) => type === "taken");
  }

  /** Cancels the task. */
  async cancel(): Promise<void> {
    const { status } = await call("POST", `${this.server.url}/tasks/c/t/cancel`, { headers: BEARER });
    assertEquals(status, 202);
  }

  /**
   * Returns whether the reporter has received a cancellation, after the server has replied to an empty batch.
   */
  async hearsCancel(): Promise<boolean> {
    this.#socket.send('{"batch":0,"reports":[]}');
    const count = this.#socket.messages.length;
    await until(() => this.#socket.messages.slice(count).some(({ type }) => type === "alive"));
    return this.#socket.messages.some(({ type }) => type === "cancel");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#socket[Symbol.asyncDispose]();
    await this.server[Symbol.asyncDispose]();
  }
}

/** Attempts of an impostor; each resolves with whether it succeeded. */
const ATTEMPTS: Readonly<Record<string, (scene: Scene, enter: () => Promise<Impostor>) => Promise<boolean>>> =
  {
    "change the task of a reporter": async (scene, enter) => {
      const other = await enter();
      await other.send([reportOf("t", { type: "update", progress: 99 }, 50)]);
      await other.leave();
      return scene.server.monitor.registry.task("c", "t")?.progress === 99;
    },
    "detach a reporter from its task": async (scene, enter) => {
      const other = await enter();
      await other.send([]);
      await other.leave();
      await scene.cancel();
      return !await scene.hearsCancel();
    },
    "learn what a reporter is to cancel": async (scene, enter) => {
      await scene.cancel();
      const other = await enter();
      await other.send([]);
      await other.leave();
      return JSON.stringify(other.replies).includes('"t"');
    },
  };

/** Matches the kind of reporter in a row of the table. */
const KINDS = / (with a secret|of version 0\.1\.0)/;

async function readTable(): Promise<string[][]> {
  const lines = (await Deno.readTextFile(DOCUMENT)).split("\n").filter((line) => line.startsWith("|"));
  const rows = lines.map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
  return rows.slice(rows.findIndex(([first]) => first === "attempt in the name of a reporter"));
}

Deno.test("SECURITY.md: nobody can act as a reporter, except as listed in the table", async (t) => {
  const [[, ...columns] = [], , ...rows] = await readTable();
  assertEquals(rows.length, 2 * Object.keys(ATTEMPTS).length);
  const sign = (may: "read" | "write", client: string, expiresAt: number | null = null) =>
    new Keyring(KEY).sign({ may, client, taskId: null, expiresAt });
  const tokens: Readonly<Record<string, string | null>> = {
    "no key": null,
    "expired token": await sign("write", "c", Date.now() / 1_000 - 60),
    "read token": await sign("read", "c"),
    "other client's write token": await sign("write", "other"),
    "run token": new Keyring(KEY).sign({
      ...ALL_OF_C,
      run: { ...RUN, signedAt: Date.now() / 1_000 },
    }),
    "write token": await sign("write", "c"),
    "the key": KEY,
  };
  assertEquals(columns, Object.keys(tokens));
  for (const [row = "", ...cells] of rows) {
    await t.step(row, async () => {
      const attempt = row.replace(KINDS, "");
      const [, kind] = KINDS.exec(row) ?? [];
      assert(kind !== undefined, row);
      const succeeds = ATTEMPTS[attempt];
      assert(succeeds !== undefined, attempt);
      for (const [index, column] of columns.entries()) {
        for (const transport of ["HTTP", "a socket"] as const) {
          await using scene = new Scene(kind === "with a secret");
          await scene.begin();
          const enter = () => impostor(transport, scene.server, scene.reporter, tokens[column] ?? null);
          const outcome = await succeeds(scene, enter) ? "yes" : "no";
          const listed = cells[index] === "over a socket"
            ? { HTTP: "no", "a socket": "yes" }[transport]
            : cells[index];
          assertEquals(outcome, listed, `${column}, over ${transport}`);
          assertEquals(scene.server.errors, []);
        }
      }
    });
  }
});

Deno.test("ReportBatches: a token for other tasks does not set the clock of a reporter of version 0.1.0", async () => {
  await using server = startServer({ key: KEY });
  const post = (token: string, body: unknown) =>
    call("POST", `${server.url}/report?reporter=reporter-of-0-1-0`, {
      body,
      headers: { authorization: `Bearer ${token}` },
    });
  const tokens = await Promise.all(
    [["other", null], ["c", "other"]].map(([client, taskId]) =>
      new Keyring(KEY).sign({ may: "write", client: client!, taskId: taskId!, expiresAt: null })
    ),
  );
  const startedAt = Date.now() / 1_000;
  for (const token of tokens) {
    const sent_at = startedAt + 30 * 86_400;
    assertEquals((await post(token, { batch: 1, sent_at, reports: [] })).status, 200);
  }
  await post(KEY, { batch: 1, reports: [creation("t", 1)] });
  assert(server.monitor.registry.task("c", "t")!.created_at > startedAt - 60);
});

Deno.test("ReportBatches: a token for one task does not change another one by making it a parent", async () => {
  await using server = startServer({ key: KEY });
  const { registry } = server.monitor;
  const token = new Keyring(KEY).sign({ may: "write", client: "c", taskId: "own", expiresAt: null });
  const all = new Keyring(KEY).sign({ may: "write", client: "c", taskId: null, expiresAt: null });
  await call("POST", `${server.url}/tasks/c`, { body: { id: "other", started: true }, headers: BEARER });
  const before = registry.task("c", "other");
  const { id: reporter, secret } = createIdentity();
  const post = async (token: string, id: string, parent_id: string | null) => {
    const change = { ...createChange(), parent_id };
    const reports = [reportOf(id, change, 1), reportOf(id, { type: "update", progress: 77 }, 2)];
    const answer = await call("POST", `${server.url}/report?reporter=${reporter}`, {
      body: { batch: 1, secret, reports },
      headers: { authorization: `Bearer ${token}` },
    });
    return answer.json.replies.map(({ type }: { readonly type: string }) => type);
  };
  assertEquals(await post(token, "own", "other"), ["refused", "unknown", "taken"]);
  assertEquals([registry.task("c", "own"), registry.task("c", "other")], [undefined, before]);
  assertEquals(await post(token, "own", null), ["taken"]);
  assertEquals(await post(all, "child", "other"), ["taken"]);
  assertEquals(registry.task("c", "other")!.version > before!.version, true);
});
