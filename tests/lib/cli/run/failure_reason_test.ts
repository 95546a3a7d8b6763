/** Tests which line of real output says why a command failed; the folders of the recordings are left out. */

import { complaint, failureReason } from "../../../../lib/cli/run/failure_reason.ts";
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
    of: "make, after errors of the compiler",
    output: `nope.c: In function 'main':
nope.c:1:20: error: 'x' undeclared (first use in this function)
    1 | int main(){ return x; }
      |                    ^
nope.c:1:20: note: each undeclared identifier is reported only once for each function it appears in
make[1]: *** [Makefile:3: nope.o] Error 1
make: *** [Makefile:2: all] Error 2`,
    reason: "nope.c:1:20: error: 'x' undeclared (first use in this function)",
  },
  {
    of: "make, of a missing rule",
    output: "make: *** No rule to make target 'x'.  Stop.",
    reason: "make: *** No rule to make target 'x'.  Stop.",
  },
  {
    of: "make, of a silent command",
    output: "make: *** [Makefile:2: all] Error 1",
    reason: "make: *** [Makefile:2: all] Error 1",
  },
  {
    of: "cargo, after errors of the compiler",
    output: `   Compiling demo v0.1.0 (/demo)
error[E0425]: cannot find value \`y\` in this scope
 --> src/main.rs:1:31
  |
1 | fn main() { let a: u32 = "x"; y; }
  |                               ^
help: a local variable with a similar name exists
  |
1 - fn main() { let a: u32 = "x"; y; }
1 + fn main() { let a: u32 = "x"; a; }

error[E0308]: mismatched types
 --> src/main.rs:1:26
  |
1 | fn main() { let a: u32 = "x"; y; }
  |                    ---   ^^^ expected \`u32\`, found \`&str\`
  |                    |
  |                    expected due to this

Some errors have detailed explanations: E0308, E0425.
For more information about an error, try \`rustc --explain E0308\`.
error: could not compile \`demo\` (bin "demo") due to 2 previous errors`,
    reason: "error[E0308]: mismatched types",
  },
  {
    of: "Node.js, run by yarn",
    output: `[eval]:1
throw new Error('no disk')
^

Error: no disk
    at [eval]:1:7
    at node:internal/main/eval_string:51:3

Node.js v20.20.2
error Command failed with exit code 1.`,
    reason: "Error: no disk",
  },
  {
    of: "a command that is timed by the program `time`",
    output: `cat: nofile: No such file or directory
Command exited with non-zero status 1
0.00user 0.00system 0:00.00elapsed 100%CPU (0avgtext+0avgdata 1684maxresident)k
0inputs+0outputs (0major+100minor)pagefaults 0swaps`,
    reason: "cat: nofile: No such file or directory",
  },
  {
    of: "a command that is timed by Bash",
    output: "cat: nofile: No such file or directory\n\nreal\t0m0.002s\nuser\t0m0.001s\nsys\t0m0.000s",
    reason: "cat: nofile: No such file or directory",
  },
  {
    of: "Go, of an index out of range, by `go run`",
    output: `panic: runtime error: index out of range [5] with length 3

goroutine 1 [running]:
main.load(...)
\t/index.go:2
main.main()
\t/index.go:3 +0x1d
exit status 2`,
    reason: "panic: runtime error: index out of range [5] with length 3",
  },
  {
    of: "Go, of a nil pointer",
    output: `panic: runtime error: invalid memory address or nil pointer dereference
[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x457c76]

goroutine 1 [running]:
main.main()
\t/nilp.go:3 +0x16`,
    reason: "panic: runtime error: invalid memory address or nil pointer dereference",
  },
  {
    of: "Go, of a deadlock of two goroutines",
    output: `fatal error: all goroutines are asleep - deadlock!

goroutine 1 [chan receive]:
main.main()
\t/dead.go:2 +0x45

goroutine 17 [select (no cases)]:
main.main.func1()
\t/dead.go:2 +0x17
created by main.main
\t/dead.go:2 +0x36
exit status 2`,
    reason: "fatal error: all goroutines are asleep - deadlock!",
  },
  {
    of: "Go, of a panic with several lines, and one while cleaning up",
    output: `panic: first
second line
\tpanic: while cleaning up

goroutine 1 [running]:
main.main.func1()
\t/nested.go:2 +0x27
panic({0x45c500, 0x47b898})
\t/usr/lib/go-1.19/src/runtime/panic.go:884 +0x212
main.main()
\t/nested.go:2 +0x49
exit status 2`,
    reason: "panic: first",
  },
  {
    of: "Go, run by make",
    output: `panic: cannot load: no such table

goroutine 1 [running]:
main.main()
\t/err.go:3 +0xce
exit status 2
make: *** [Makefile:2: all] Error 1`,
    reason: "panic: cannot load: no such table",
  },
  {
    of: "Go, logged before the program ends, by `go run`",
    output: "2026/12/01 19:44:48 cannot connect to database\nexit status 1",
    reason: "2026/12/01 19:44:48 cannot connect to database",
  },
];

/** The ends of what programs that report failures on stdout have printed there. */
const COMPLAINTS: readonly { of: string; output: string; reason: string | undefined }[] = [
  {
    of: "pytest",
    output: `t/test_a.py:3: AssertionError
=========================== short test summary info ============================
FAILED t/test_a.py::test_sum - AssertionError: sum is off
1 failed, 1 passed in 1.02s`,
    reason: "1 failed, 1 passed in 1.02s",
  },
  {
    of: "the compiler of TypeScript",
    output: `a.ts(1,7): error TS2322: Type 'string' is not assignable to type 'number'.
a.ts(1,24): error TS2304: Cannot find name 'foo'.`,
    reason: "a.ts(1,24): error TS2304: Cannot find name 'foo'.",
  },
  {
    of: "mypy",
    output: `m.py:1: error: Incompatible types in assignment (expression has type "str")  [assignment]
Found 1 error in 1 file (checked 1 source file)`,
    reason: "Found 1 error in 1 file (checked 1 source file)",
  },
  {
    of: "mocha",
    output: `  1 failing
  1) adds:
      AssertionError [ERR_ASSERTION]: 2 == 3
      + expected - actual
      -2
      +3
      at Context.<anonymous> (test/a.js:1:44)`,
    reason: "      AssertionError [ERR_ASSERTION]: 2 == 3",
  },
  { of: "Node's test runner", output: "# pass 0\n# fail 1\n# cancelled 0", reason: "# fail 1" },
  { of: "eslint", output: "✖ 1 problem (1 error, 0 warnings)", reason: "✖ 1 problem (1 error, 0 warnings)" },
  {
    of: "go test",
    output: "    a_test.go:3: nope\nFAIL\nexit status 1\nFAIL\tx\t0.003s",
    reason: "FAIL\tx\t0.003s",
  },
  {
    of: "pnpm, which runs the compiler of TypeScript",
    output: `> tsc --noEmit a.ts

a.ts(1,7): error TS2322: Type 'string' is not assignable to type 'number'.
 ELIFECYCLE  Command failed with exit code 1.
 WARN   Local package.json exists, but node_modules missing, did you mean to install?`,
    reason: "a.ts(1,7): error TS2322: Type 'string' is not assignable to type 'number'.",
  },
  {
    of: "ninja",
    output: `nope.c:1:24: error: 'y' undeclared (first use in this function)
    1 | int main(){ return x + y; }
      |                        ^
ninja: build stopped: subcommand failed.`,
    reason: "nope.c:1:24: error: 'y' undeclared (first use in this function)",
  },
  {
    of: "Maven",
    output: `[ERROR] The goal you specified requires a project to execute but there is no POM -> [Help 1]
[ERROR]
[ERROR] To see the full stack trace of the errors, re-run Maven with the -e switch.
[ERROR] Re-run Maven using the -X switch to enable full debug logging.
[ERROR]
[ERROR] For more information about the errors and possible solutions, please read the following articles:
[ERROR] [Help 1] http://cwiki.apache.org/confluence/display/MAVEN/MissingProjectException`,
    reason: "[ERROR] The goal you specified requires a project to execute but there is no POM -> [Help 1]",
  },
  { of: "eslint, of warnings alone", output: "✖ 3 problems (0 errors, 3 warnings)", reason: undefined },
  { of: "diff", output: "1c1\n< const n = 1;\n---\n> foo()", reason: undefined },
];

for (const { of, output, reason } of COMPLAINTS) {
  Deno.test(`complaint() finds the last line of ${of} that mentions an error`, () => {
    const lines = output.split("\n");
    assertEquals(lines[complaint(lines)], reason);
  });
}

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
