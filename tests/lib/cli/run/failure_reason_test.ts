/** Tests which line of real output says why a command failed; the folders of the recordings are left out. */

import { failureReason } from "../../../../lib/cli/run/failure_reason.ts";
import { assertEquals } from "../../../support/assert.ts";

const RECORDINGS: readonly { of: string; output: string; reason: string }[] = [
  {
    of: "Node.js, of an error with a code",
    output: `node:internal/modules/cjs/loader:1210
  throw err;
  ^

Error: Cannot find module 'ansi-colors'
Require stack:
- mocha/lib/cli/options.js
- mocha/bin/mocha.js
    at Module._resolveFilename (node:internal/modules/cjs/loader:1207:15)
    at Module._load (node:internal/modules/cjs/loader:1038:27) {
  code: 'MODULE_NOT_FOUND',
  requireStack: [
    'mocha/lib/cli/options.js',
    'mocha/bin/mocha.js'
  ]
}

Node.js v20.20.2`,
    reason: "Error: Cannot find module 'ansi-colors'",
  },
  {
    of: "Node.js, of an error with a cause",
    output: `file:///job.mjs:3
  try { await readFile("missing.json"); } catch (cause) { throw new Error("cannot load", { cause }); }
                                                                ^

Error: cannot load
    at load (file:///job.mjs:3:65)
    at async file:///job.mjs:5:1 {
  [cause]: Error: ENOENT: no such file or directory, open 'missing.json'
      at async open (node:internal/fs/promises:637:25) {
    errno: -2,
    code: 'ENOENT'
  }
}

Node.js v20.20.2`,
    reason: "Error: cannot load",
  },
  {
    of: "Deno",
    output: `error: Uncaught (in promise) TypeError: x is off
throw new TypeError("x is off")
      ^
    at file:///job.mts:1:7`,
    reason: "error: Uncaught (in promise) TypeError: x is off",
  },
  {
    of: "Java",
    output: `Exception in thread "main" java.lang.IllegalStateException: no database
\tat A.load(A.java:1)
\tat A.main(A.java:1)
Caused by: java.io.IOException: connection refused
\tat A.load(A.java:1)
\tat A.main(A.java:1)`,
    reason: "Caused by: java.io.IOException: connection refused",
  },
  {
    of: "Ruby",
    output: "-e:1:in `f': bad (RuntimeError)\n\tfrom -e:2:in `g'\n\tfrom -e:3:in `<main>'",
    reason: "-e:1:in `f': bad (RuntimeError)",
  },
  {
    of: "Rust",
    output: `thread 'main' (8557) panicked at r.rs:1:55:
index out of bounds: the len is 0 but the index is 3
stack backtrace:
   0: __rustc::rust_begin_unwind
             at /rustc/library/std/src/panicking.rs:689:5
   5: r::main
note: Some details are omitted, run with \`RUST_BACKTRACE=full\` for a verbose backtrace.`,
    reason: "index out of bounds: the len is 0 but the index is 3",
  },
  {
    of: "Python, of a message with several lines",
    output: `Traceback (most recent call last):
  File "job.py", line 4, in <module>
    open("missing.json")
FileNotFoundError: [Errno 2] No such file or directory: 'missing.json'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "job.py", line 8, in <module>
    except ValueError as e: raise e from error
                            ^^^^^^^^^^^^^^^^^^
  File "job.py", line 2, in load
    raise ValueError("the settings have faults:\\nport is not a number\\nhost is empty")
ValueError: the settings have faults:
port is not a number
host is empty`,
    reason: "ValueError: the settings have faults:",
  },
  {
    of: "npm, of a missing script",
    output: `npm error Missing script: "nosuch"
npm error
npm error To see a list of scripts, run:
npm error   npm run
npm error A complete log of this run can be found in: debug-0.log`,
    reason: 'npm error Missing script: "nosuch"',
  },
  {
    of: "npm, of an error with a code",
    output: `npm error code ENOENT
npm error syscall open
npm error path package.json
npm error errno -2
npm error enoent Could not read package.json: Error: ENOENT: no such file or directory, open 'package.json'
npm error enoent This is related to npm not being able to find a file.
npm error enoent
npm error A complete log of this run can be found in: debug-0.log`,
    reason:
      "npm error enoent Could not read package.json: Error: ENOENT: no such file or directory, open 'package.json'",
  },
  {
    of: "make, after an error of the compiler",
    output: `nope.c:1:20: error: 'x' undeclared (first use in this function)
    1 | int main(){ return x; }
      |                    ^
nope.c:1:20: note: each undeclared identifier is reported only once for each function it appears in
make: *** [Makefile:2: all] Error 1`,
    reason: "make: *** [Makefile:2: all] Error 1",
  },
];

for (const { of, output, reason } of RECORDINGS) {
  Deno.test(`failureReason() finds the message of ${of}`, () => {
    const lines = output.split("\n").filter((line) => line.trim() !== "");
    assertEquals(lines[failureReason(lines)], reason);
  });
}

Deno.test("failureReason() returns the last line of other output, indented or not", () => {
  for (
    const lines of [
      ["Error: retrying", "gave up"],
      ["Cannot start:", "  the disk is full"],
      [
        "  indented",
      ],
      ["}"],
      [],
    ]
  ) assertEquals(failureReason(lines), lines.length - 1);
});
