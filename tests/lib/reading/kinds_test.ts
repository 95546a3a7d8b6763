/** Tests kinds of output: each line is an example of what several programs write. */

import { assertEquals } from "../../support/assert.ts";
import { Outputs } from "../../support/reading.ts";

/** The number of steps in the output of each kind. */
const STEPS = 10;

/** Writes a line for each step but the last, and returns the progress that is shown then. */
function shownAt(line: (step: number, percent: number) => string, isRedraw: boolean): number | null {
  const output = new Outputs();
  for (let step = 1; step < STEPS; step++) {
    const text = line(step, step * 100 / STEPS);
    output.write(isRedraw ? `\r${text}` : `${text}\n`).wait(500);
  }
  const { progress = null } = output.last;
  return progress === null ? null : Math.round(progress);
}

type Kinds = Readonly<Record<string, (step: number, percent: number) => string>>;

const bar = (percent: number, filled = "#", empty = "-") => filled.repeat(percent / 5).padEnd(20, empty);

/** Rows that are redrawn: step 9 means that 9 of 10 steps are done. */
const REDRAWN: Kinds = {
  "a bar in brackets": (_, percent) => `Downloading  [${bar(percent)}]  ${percent}%  00:00:12`,
  "a bar of spaces and pluses": (_, percent) => `  |${bar(percent, "+", " ")}| ${percent}% elapsed=03s`,
  "a bar between pipes": (_, percent) => `[${bar(percent, "|", " ")}] ${percent}.0% |`,
  "a bar far from its number": (step, percent) =>
    `Running [ 00:00:10] ${bar(percent, "█", " ")} ${step * 6}/60: 4 running, ${step * 6} passed`,
  "a bar and its time": (step, percent) => `[${bar(percent)}] - ${step}s   ${step * 400}/4000   1m   found:3`,
  "a bar without a number": (_, percent) =>
    `Writing…   [${bar(percent, "*", " ")}] Less than one minute remaining…`,
  "a number beside a bar": (_, percent) => `Downloading |${bar(percent)}| ${percent}.00`,
  "a percentage within a bar": (_, percent) => `[${"=".repeat(percent / 5)}${percent}.0%${" ".repeat(20)}]`,
  "total and part": (step, percent) =>
    `Current progress - ${step * 37 % 100}%  , Total progress - ${percent}%`,
  "sizes after a count of files": (step) => `Completed files 0/1 | ${step * 12.5}MiB/125.0MiB | 24.0MiB/s`,
  "a count with its percentage": (step, percent) => `uploading new files [${step * 3}/30] (${percent}%)`,
  "a count and a growing one": (step, percent) =>
    `${percent}% building ${step * 12}/${step * 12 + 10} modules`,
  "a named number": (step, percent) => `Current Frame:   ${step * 50}, percentage:   ${percent}`,
  "a hash and time passed": (step) => `Rewrite 3f2a1b${step}cd (${step}/10) (${step} seconds passed)`,
  "the position of a player": (step) => `  Position: 00:${`${step * 6}`.padStart(2, "0")}.000 / 01:00.000`,
  "a position and the use of the processor": (step) =>
    `A: ${step * 18}.1 (0${step}:00.0) of 180.5 (03:00.0)  0.${step}%`,
  "a mouse": (step) => ` ${step}.0/10.0 sec ${".".repeat(step * 6)}~~(,_,">`,
  "a number in front of a bar": (_, percent) => `downloading:  ${percent}.00 [${bar(percent, "=", " ")}]`,
  "running, done and expected": (step) => `[2/${step}/10 built] building pkg-${step}: compiling`,
  "a spinner": (step) => `${"|/-\\"[step % 4]} Processing ${step * 10}/100 files`,
  Japanese: (step, percent) => `ダウンロード中... ${percent}% (${step * 5} MB / 50 MB)`,
  Turkish: (_, percent) => `İndiriliyor: %${percent}`,
  Korean: (_, percent) => `진행률: ${percent}%`,
};

/** Lines about finished steps: step 9 means that 9 of 10 steps are done. */
const DONE: Kinds = {
  "percent in prose": (step, percent) => `Backup is ${percent}% complete, ${10 - step} minutes remaining`,
  "what remains": (_, percent) => `${100 - percent}/100 remaining`,
  "a verdict of each test": (step) =>
    `        PASS [   0.1${step}s] ( ${step}/10) my-crate tests::case_${step}`,
  "chunks with a rate": (step, percent) =>
    `Uploaded chunk ${step} size 4${step}23, 4.5MB/s 00:01:12 ${percent}.0%`,
  "the file in front": (step, percent) =>
    `P01   INFO: backup file db1:/base/${step} (12MB, ${percent}.00%) checksum`,
  "key and value": (step) => `level=info msg="processed batch" done=${step * 5} total=50`,
  "key and percentage": (step, percent) => `Importing blocks    block=${step * 100} of=1000 pct=${percent}.0`,
  "a prefix of a thread": (step) =>
    `10:00:1${step}.123 [pool-1-thread-2] INFO  c.e.Importer - Imported ${step * 50} of 500 rows`,
  "fields between pipes": (step, percent) =>
    `[0:01] | Hosts: 1 | Errors: 0 | Requests: ${step * 50}/500 (${percent}%)`,
  "a column of a table": (step) =>
    `MyStack |  ${step}/10 | 10:00:1${step} AM | CREATE_COMPLETE      | AWS::S3::Bucket | B${step}`,
  "a test that has passed": (step) => `0:00:0${step} load avg: 1.53 [ ${step}/10/1] test_x${step} passed`,
  "done and queued": (step) => `Replayed patches: ${step} done, ${10 - step} queued.`,
  "a loop and its most": (step) => `iteration: ${step} of max_iter: 10`,
  "epochs and their most": (step) => `Epoch ${step}, max_epochs=10`,
  "rounds and their maximum": (step) => `round ${step} (max rounds: 10)`,
  "done and to do": (step) =>
    `[STATUS] 14.00 tries/min, ${step * 10} tries in 00:01h, ${100 - step * 10} to do in 00:02h`,
  "a message after an address": (step) => `reading message u@127.0.0.1:${step} of 10 (3156 octets) flushed`,
  "done after a state": (_, percent) => `replication:SyncSource peer-disk:Inconsistent done:${percent}.00`,
  "bytes of a log": (step, percent) => `copied ${step * 10} of 100 GB (${percent}%)`,
  "simulated time": (step) => `Simulated time: ${step * 10}.0 / 100.0 ns`,
  "a field in Polish": (_, percent) => `Procent:\t${percent}`,
  Russian: (step) => `Обработано ${step * 10} из 100 файлов`,
  Dutch: (step) => `${step * 10} van de 100 bestanden verwerkt`,
  "percentages of MapReduce": (_, percent) => `mapreduce.Job:  map ${percent}% reduce ${percent}%`,
};

/** Lines about steps that begin: step 9 means that 8 of 10 steps are done. */
const BEGUN: Kinds = {
  "installing k of n": (step) => `Installing ${step}/10 boost${step}:x64-linux@1.83.0...`,
  "the count at the end of a column": (step) =>
    `  Upgrading        : glibc-2.34-${step}.el9.x86_64           ${step}/10 `,
  "the count in brackets": (step) => `>>> Emerging (${step} of 10) app-misc/foo-1.${step}::gentoo`,
  "a file": (step) => `Processing file ${step} of 10: part${step}.csv`,
  "a command": (step) => ` Copy message UID ${4100 + step} (${step}/10) remote:INBOX -> local:INBOX`,
  "an iteration and nothing else": (step) => ` Expectation iteration ${step} of 10`,
  "a test that begins": (step) => `0:00:0${step} load avg: 1.53 [ ${step}/10] test_x${step}`,
  "a pending step": (step) => `[build] › pending   [${step}/10] - Process ${step}`,
  "a package with a plural's ending": (step) => `==> Installing ncurses-6.${step}-kqf2 [${step}/10]`,
  "a position": (step) => `Position: ${step}/10 (8/2p5/3p4/K${step} w - - 0 11)`,
  French: (step) => `Étape ${step}/10 : compilation de module${step}`,
  German: (step) => `Kopiere Datei ${step} von 10: foto_${step}.jpg`,
  Chinese: (step) => `步骤 ${step}/10: 创建表 t${step}`,
};

for (const [kind, line] of Object.entries(REDRAWN)) {
  Deno.test(`ProgressReader reads redrawn rows with ${kind}`, () => assertEquals(shownAt(line, true), 90));
}
for (const [kind, line] of Object.entries(DONE)) {
  Deno.test(`ProgressReader reads lines about finished steps: ${kind}`, () =>
    assertEquals(shownAt(line, false), 90));
}
for (const [kind, line] of Object.entries(BEGUN)) {
  Deno.test(`ProgressReader reads lines about steps that begin: ${kind}`, () =>
    assertEquals(shownAt(line, false), 80));
}
