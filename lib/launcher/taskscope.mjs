#!/usr/bin/env node
// deno-lint-ignore-file no-console -- the launcher writes to the console by design
/**
 * The command of the npm package `taskscope`: starts the executable that npm installed for this platform, and passes on
 * the arguments, the standard streams, the signals and the exit status. This launcher runs in Node, without
 * dependencies.
 */

import { spawn } from "node:child_process";
import { accessSync, constants as files } from "node:fs";
import { createRequire } from "node:module";
import { constants as system } from "node:os";
import process from "node:process";

/**
 * The signals to pass on. Ctrl-C reaches the program twice, from the terminal and from this launcher; the program
 * treats both as one signal.
 */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"];

/** The exit statuses that shells use for a command that can't be executed, and for one that is not found. */
const NOT_EXECUTABLE = 126;
const NOT_FOUND = 127;

const require = createRequire(import.meta.url);
const { version, optionalDependencies } = require("./package.json");
const args = process.argv.slice(2);
const platform = `${process.platform}-${process.arch}`;
const platformPackage = `@taskscope/cli-${platform}`;

const executable = findExecutable();
if (process.platform !== "win32" && process.execve !== undefined) {
  process.execve(executable, [executable, ...args], process.env);
}
run(executable);

/** Returns the path of the executable; if there is none, says what to do, and exits. */
function findExecutable() {
  if (!Object.hasOwn(optionalDependencies, platformPackage)) {
    const known = Object.keys(optionalDependencies).map((name) => name.replace("@taskscope/cli-", ""));
    fail(NOT_FOUND, [
      `There is no executable for ${platform}, only for ${known.join(", ")}.`,
      "Run Taskscope from its source instead, with Deno.",
    ]);
  }
  let path;
  try {
    path = require.resolve(`${platformPackage}/bin/taskscope${process.platform === "win32" ? ".exe" : ""}`);
  } catch {
    fail(NOT_FOUND, [
      `The package with the executable for ${platform} is not installed.`,
      "npm leaves it out with --omit=optional, and on Linux without glibc, such as Alpine. Install it with",
      `  npm install ${platformPackage}@${version}`,
      "or run Taskscope from its source, with Deno.",
    ]);
  }
  try {
    accessSync(path, files.X_OK);
  } catch (error) {
    fail(NOT_EXECUTABLE, [`Cannot execute ${path}: ${error.code}`]);
  }
  return path;
}

/** Runs the executable as a child process, for versions of Node that can't replace themselves by another program. */
function run(path) {
  const child = spawn(path, args, { stdio: "inherit" });
  child.on("error", ({ code }) => fail(NOT_EXECUTABLE, [`Cannot execute ${path}: ${code}`]));
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      // The console of Windows notifies the child itself, and a signal would terminate it at once.
      if (process.platform !== "win32") child.kill(signal);
    });
  }
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code);
    for (const each of SIGNALS) process.removeAllListeners(each);
    // The exit status in case this process ignores the signal that it sends to itself.
    process.exitCode = 128 + system.signals[signal];
    process.kill(process.pid, signal);
  });
}

function fail(status, lines) {
  console.error(`taskscope: ${lines.join("\n")}`);
  process.exit(status);
}
