/**
 * Recognises the progress of build tools, package managers and test runners. Pure.
 *
 * @module
 */

import { RANK } from "../reading.ts";
import { patterns } from "./pattern.ts";

/** Patterns of programs that build, install and test. */
export const builds = patterns([
  // cargo counts finished units: `Building [====>    ] 60/240: alpha, beta`
  {
    format: "cargo",
    pattern:
      /^(?:Building|Compiling|Checking|Documenting|Fixing) \[[=> ]*\] (?<current>\d+)\/(?<total>\d+)(?:: |$)/,
    unit: "crates",
    status: "Building",
  },
  {
    format: "cargo",
    pattern: /^(?:(?:Fetch|Updating|Unpacking) \[[=> ]*\] +\d|Downloading \[[=> ]*\] +\d+\/\d)/,
    isSilent: true,
  },
  {
    format: "gradle",
    pattern: /<[=-]*> (?<percent>\d{1,3})% (?<what>INITIALIZING|CONFIGURING|EXECUTING|WAITING)\b/,
  },
  // Maven: the reactor announces the module that begins; downloads are parts of a module.
  {
    format: "maven",
    pattern: /^Building (?<what>\S.{0,120}?) *\[(?<current>\d+)\/(?<total>\d+)\]$/,
    isBeginning: true,
    rank: RANK.stated,
    unit: "modules",
  },
  {
    format: "maven",
    pattern:
      /^Progress \(\d+\): |^[kKM]?B \| \d+\/|^Download(?:ed|ing)(?: from [\w.-]+)?: https?:|^(?:\d+\/\d+ [kKM]?B\s*)+$/,
    isSilent: true,
  },
  // yarn announces the step that begins.
  {
    format: "yarn",
    pattern:
      /^\[(?<current>\d)\/(?<total>\d)\] (?:[^\p{ASCII}]{1,4} +)?(?<what>(?:Validating package|Resolving packages|Fetching packages|Linking dependencies|Building fresh|Cleaning modules|Removing module|Regenerating lockfile|Saving lockfile|Rebuilding all)\b.{0,60})$/u,
    isBeginning: true,
    rank: RANK.stated,
    unit: "steps",
  },
  // ninja counts finished edges; a growing total is normal.
  {
    format: "ninja",
    pattern:
      /^\[(?<current>\d+)\/(?<total>\d+)(?:[ ,][^\]]{0,40})?\] (?!.*\d ?%$)(?<what>(?:Building|Linking|Generating|Compiling|Running|Automatic|Install|Copying|Creating|Scanning|Re-running|Performing|Completed|No \w+ step|Built|CC|CXX|LINK|SOLINK|AR|STAMP|ACTION|COPY|ASM|RUST|Assembling|cc|c\+\+|gcc|g\+\+|clang|clang\+\+|cp|rm|ar|touch)\b.{0,200})$/,
  },
  { format: "bazel", pattern: /^\[(?<current>[\d,]+) \/ (?<total>[\d,]+)\] /, unit: "actions" },
  // nix: running, done and expected derivations
  { format: "nix", pattern: /^\[(?:\d+\/)?(?<current>\d+)\/(?<total>\d+) built\b/, unit: "derivations" },
  // cmake --build with make: sub-makes interleave, so the percentage never falls.
  {
    format: "cmake",
    pattern:
      /^\[ *(?<percent>\d{1,3})%\] (?<what>(?:Building|Linking|Built target|Generating|Automatic|Performing|Completed|No \w+ step|Creating|Copying|Running|Scanning|Re-run|Consolidate).{0,200})$/,
  },
  // docker's classic builder announces the step that begins.
  {
    format: "docker build",
    pattern: /^Step (?<current>\d+)\/(?<total>\d+) : (?<what>.{0,200})$/,
    isBeginning: true,
    rank: RANK.stated,
    unit: "steps",
  },
  // AWS CDK: a row for each event, with the resources done of all.
  {
    format: "cdk",
    pattern: /^[\w-]{1,120} \| +(?<current>\d+)\/(?<total>\d+) \| [\d:]+ (?:[AP]M )?\| [A-Z_]+ +\| /,
    unit: "resources",
    status: "Deploying",
  },
  { format: "pnpm", pattern: /^Progress: resolved \d+, reused \d+, downloaded \d+/, isSilent: true },
  {
    format: "npm",
    pattern:
      /^\[[#.░█⸩⠂ ]*\] (?:[|/\\-] )?\S+: (?:sill|timing|http|verb)|^(?:added|changed|removed|audited) \d+ packages/,
    isSilent: true,
  },
  // pytest, also with workers: a dot per test and the percentage at the end, or a verdict per test.
  {
    format: "pytest",
    pattern:
      /^(?:\S+\.[a-z]{2,4}\b.*)?(?:[.FEsxXR]|PASSED|FAILED|SKIPPED|ERROR|XFAIL|XPASS|RERUN)(?: \([^)]{0,80}\))? +\[ *(?<percent>\d{1,3})%\](?:$|[A-Z])/,
    status: "Testing",
  },
  {
    format: "pytest",
    pattern: /^[.FEsxXR]{2,400} +\[ *(?<percent>\d{1,3})%\]$/,
    status: "Testing",
  },
  {
    format: "pytest",
    pattern: /^\[ *(?<percent>\d{1,3})%\] (?:PASSED|FAILED|SKIPPED|ERROR|XFAIL|XPASS|RERUN) /,
    status: "Testing",
  },
  {
    format: "ctest",
    pattern: /^(?<current>\d+)\/(?<total>\d+) (?:Test|MemCheck) +#\d+: (?<what>\S+)/,
    unit: "tests",
    status: "Testing",
  },
  {
    format: "ctest",
    pattern: /^\d{1,3}% tests passed, \d+ tests failed out of \d+|^Start +\d+: /,
    isSilent: true,
  },
  {
    format: "meson test",
    pattern:
      /^(?<current>\d+)\/(?<total>\d+) (?<what>\S.{0,120}?) +(?:OK|FAIL|SKIP|TIMEOUT|ERROR|EXPECTEDFAIL|UNEXPECTEDPASS|INTERRUPT)\b/,
    unit: "tests",
    status: "Testing",
  },
  {
    format: "lit",
    pattern: /^(?:PASS|FAIL|XFAIL|XPASS|UNSUPPORTED|UNRESOLVED): .* \((?<current>\d+) of (?<total>\d+)\)$/,
    unit: "tests",
    status: "Testing",
  },
  {
    format: "jest",
    pattern: /^Test Suites: .*?(?<current>\d+) of (?<total>\d+) total/,
    unit: "suites",
    status: "Testing",
  },
  {
    format: "phpunit",
    pattern: /^[.FEWRSIDN]+ +(?<current>\d+) \/ (?<total>\d+) \( *\d{1,3}%\)$/,
    unit: "tests",
    status: "Testing",
  },
  // Python's own tests: a test alone begins, one with a verdict has ended.
  {
    format: "regrtest",
    pattern: /^load avg: [\d.]+ \[ *(?<current>\d+)\/(?<total>\d+)(?:\/\d+)?\] (?<what>test[\w.]*)$/,
    isBeginning: true,
    unit: "tests",
  },
  {
    format: "regrtest",
    pattern: /^load avg: [\d.]+ \[ *(?<current>\d+)\/(?<total>\d+)(?:\/\d+)?\] (?<what>test[\w.]*) \w/,
    unit: "tests",
  },
  // The summaries of test runners, vitest and jest among them.
  {
    format: "tests",
    pattern: /^(?:Tests|Test Files|Test Suites|Snapshots|Suites|Assertions):? +(?:\d+ \w+(?:, | \| )?)+/,
    isSilent: true,
  },
  {
    format: "coverage",
    pattern: /^(?:Statements|Branches|Functions|Lines|TOTAL|All files|Name +Stmts)\b/,
    isSilent: true,
  },
  {
    format: "cypress",
    pattern: /^Running: +(?<what>\S+) +\((?<current>\d+) of (?<total>\d+)\)$/,
    isBeginning: true,
    unit: "specs",
  },
  {
    format: "k6",
    pattern: /^[\w.-]+ +\[[=> -]*\] .*?(?<elapsed>[\d.]+)s\/(?<duration>[\d.]+)s/,
    status: "Testing",
  },
  // Workflows
  {
    format: "snakemake",
    pattern: /^(?<current>\d+) of (?<total>\d+) steps \(\d{1,3}%\) done$/,
    rank: RANK.stated,
    unit: "steps",
  },
  {
    format: "ansible",
    pattern:
      /^(?:ok|changed|failed|skipping|fatal|unreachable|TASK|PLAY|PLAY RECAP)\b.*(?:\[[^\]]+\]|\*{3,})/,
    isSilent: true,
  },
]);
