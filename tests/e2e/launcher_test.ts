/**
 * Tests of the npm packages: npm installs them from a registry on this machine, and their command starts the program. The
 * test of the real program runs only if `TASKSCOPE_EXECUTABLE` is the path of the executable.
 */

import { TARGETS } from "../../.tools/compile.ts";
import { packageNameOf, packExecutable, packProgram, targetOf } from "../../.tools/pack.ts";
import { VERSION } from "../../lib/version.ts";
import { assertEquals, assertStringIncludes } from "../support/assert.ts";
import { NpmRegistry } from "../support/npm_registry.ts";
import { EXECUTABLE, moduleArgs, type Process, spawn } from "../support/program.ts";
import { findTool } from "../support/tools.ts";

const npm = await findTool(["npm"], "the tests of the npm packages");
const HERE = targetOf(Deno.build.target);

/**
 * A program in place of the executable, which prints the arguments and signals that it gets from the
 * launcher.
 */
const PROGRAM = `#!/usr/bin/env node
const [mode, ...args] = process.argv.slice(2);
const modes = {
  args: () => console.log(JSON.stringify(args)),
  copy: () => {
    process.stdin.pipe(process.stdout);
    console.error("copied");
    process.exitCode = Number(args[0]);
  },
  signals: () => {
    for (const signal of ["SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR2"]) process.on(signal, () => console.log(signal));
    process.on("SIGTERM", () => process.exit(5));
    // The test closes the input at its end, even if the test fails.
    process.stdin.on("end", () => process.exit(1)).resume();
    console.log("ready");
  },
  die: () => process.kill(process.pid, args[0]),
};
modes[mode]();
`;

/** The versions of Node that the launcher distinguishes, as code that runs before it. */
const NODES = { "Node as it is": "", "Node without process.execve()": "delete process.execve" };

let packages: Promise<Uint8Array<ArrayBuffer>[]> | undefined;

/** Returns the packages, with {@linkcode PROGRAM} as every executable. */
async function examplePackages(): Promise<Uint8Array<ArrayBuffer>[]> {
  return await (packages ??= makePackages());
}

async function makePackages(): Promise<Uint8Array<ArrayBuffer>[]> {
  const options = { repository: null };
  const program = new TextEncoder().encode(PROGRAM);
  const made = [
    await packProgram(options),
    ...await Promise.all(TARGETS.map((target) => packExecutable(target, program, options))),
  ];
  return made.map(({ archive }) => archive);
}

async function namesIn(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
}

/** An empty folder of a user of npm, with a registry that contains the packages; disposal removes both. */
class NpmFolder implements AsyncDisposable {
  readonly path: string = Deno.makeTempDirSync({ prefix: "taskscope-npm-" });
  readonly #cache: string = Deno.makeTempDirSync({ prefix: "taskscope-npm-cache-" });
  readonly #registry: NpmRegistry;

  /** @param archives the packages of the registry */
  constructor(archives: readonly Uint8Array<ArrayBuffer>[]) {
    this.#registry = new NpmRegistry(archives);
    Deno.writeTextFileSync(`${this.path}/package.json`, "{}");
  }

  /** Runs a command in the folder. */
  run(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Process {
    return spawn(command, args, {
      cwd: this.path,
      env: { ...this.#registry.environment(this.#cache), TASKSCOPE_DATA: ":memory:", ...env },
      stdin: "piped",
    });
  }

  /** Installs the package `taskscope`. */
  async install(...flags: readonly string[]): Promise<void> {
    await using process = this.run(npm!, ["install", ...flags, "taskscope"]);
    const { code, stderr } = await process.ended();
    assertEquals(code, 0, stderr);
  }

  /** Runs the installed command; `prelude` is code that Node runs before the launcher. */
  command(args: readonly string[], prelude = ""): Process {
    const NODE_OPTIONS = `--import="data:text/javascript,${encodeURIComponent(prelude)}"`;
    return this.run(`${this.path}/node_modules/.bin/taskscope`, args, { NODE_OPTIONS });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#registry[Symbol.asyncDispose]();
    for (const path of [this.path, this.#cache]) await Deno.remove(path, { recursive: true });
  }
}

function test(name: string, run: () => Promise<void>): void {
  Deno.test({
    name: `npm packages: ${name}`,
    ignore: npm === undefined || Deno.build.os === "windows",
    fn: run,
  });
}

test("npm installs the executable for this platform only, and runs no script", async () => {
  await using folder = new NpmFolder(await examplePackages());
  await folder.install();
  const installed = await namesIn(`${folder.path}/node_modules/@taskscope`);
  assertEquals(installed, [packageNameOf(HERE).replace("@taskscope/", "")]);
  const manifest = await Deno.readTextFile(`${folder.path}/node_modules/taskscope/package.json`);
  assertEquals(JSON.parse(manifest).scripts, undefined);
});

for (const [which, prelude] of Object.entries(NODES)) {
  test(`${which} passes on arguments, streams, signals and the exit status`, async () => {
    await using folder = new NpmFolder(await examplePackages());
    await folder.install();

    const words = ["", "a b", "--", "-x", '"$HOME"', "\\", "ü\n"];
    await using args = folder.command(["args", ...words], prelude);
    assertEquals(JSON.parse((await args.ended()).stdout), words);

    await using copy = folder.command(["copy", "7"], prelude);
    await copy.type("a line\n");
    await copy.output(/a line\n/);
    await copy.closeInput();
    assertEquals(await copy.ended(), { code: 7, stdout: "a line\n", stderr: "copied\n" });

    await using signals = folder.command(["signals"], prelude);
    await signals.output(/ready/);
    for (const signal of ["SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR2"] as const) {
      signals.kill(signal);
      await signals.output(new RegExp(`${signal}\n`));
    }
    signals.kill("SIGTERM");
    const { code, stdout } = await signals.ended();
    assertEquals([code, stdout], [5, "ready\nSIGINT\nSIGHUP\nSIGQUIT\nSIGUSR2\n"]);

    for (const [signal, number] of [["SIGKILL", 9], ["SIGTERM", 15]] as const) {
      await using died = folder.command(["die", signal], prelude);
      assertEquals((await died.ended()).code, 128 + number, signal);
    }
  });
}

test("a missing executable is an error that says what to install", async () => {
  await using folder = new NpmFolder(await examplePackages());
  await folder.install("--omit=optional");
  await using missing = folder.command(["args"]);
  const { code, stdout, stderr } = await missing.ended();
  assertEquals([code, stdout], [127, ""]);
  assertStringIncludes(stderr, `npm install ${packageNameOf(HERE)}@${VERSION}\n`);

  await using unknown = folder.command(["args"], 'Object.defineProperty(process, "arch", { value: "mips" })');
  const other = await unknown.ended();
  assertEquals([other.code, other.stdout], [127, ""]);
  assertStringIncludes(other.stderr, `no executable for ${Deno.build.os}-mips, only for linux-x64, `);
});

Deno.test({
  name: "npm packages: npx taskscope starts the program in the folder of the caller",
  ignore: npm === undefined || EXECUTABLE === undefined,
  async fn() {
    const work = await Deno.makeTempDir({ prefix: "taskscope-pack-" });
    try {
      const executable = `${work}/taskscope-${HERE}`;
      await Deno.symlink(EXECUTABLE!, executable);
      const permissions = ["--allow-read", "--allow-write", "--allow-env", "--allow-run"];
      const tool = await moduleArgs(".tools/pack.ts", permissions);
      await using pack = spawn(Deno.execPath(), [...tool, "--output", `${work}/npm`, executable]);
      assertEquals((await pack.ended()).code, 0, pack.stderr);
      const names = await namesIn(`${work}/npm`);
      assertEquals(names.length, 2);
      const archives = await Promise.all(names.map((name) => Deno.readFile(`${work}/npm/${name}`)));
      await using folder = new NpmFolder(archives);

      await using version = folder.run("npx", ["-y", "taskscope", "--version"]);
      assertStringIncludes((await version.ended()).stdout, `taskscope ${VERSION}`);
      // npx does not forward signals, so the server is started without npx.
      await folder.install();
      await using server = folder.command(["--port", "0"]);
      const [url] = await server.output(/http:\/\/127\.0\.0\.1:\d+/);
      const run = ["-y", "taskscope", "run", "--server", url, "--", "sh", "-c", "pwd; exit 3"];
      await using command = folder.run("npx", run);
      const { code, stdout } = await command.ended();
      assertEquals([code, stdout], [3, `${await Deno.realPath(folder.path)}\n`]);
      const response = await fetch(`${url}/tasks/default`);
      assertStringIncludes(await response.text(), '"state":"ERROR"');
    } finally {
      await Deno.remove(work, { recursive: true });
    }
  },
});
