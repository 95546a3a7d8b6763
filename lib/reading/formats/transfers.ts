/**
 * Recognises the progress of programs that copy, download, back up and pack. Pure.
 *
 * @module
 */

import { RANK } from "../reading.ts";
import { patterns } from "./pattern.ts";

const N = String.raw`\d[\d.,]*`;
/** Returns a pattern for a size, with named groups for the number and the prefix of its unit. */
function size(name: string): string {
  return String.raw`(?<${name}>${N}) *(?<${name}Unit>[kKMGTPE]i?)?(?:B|b|bytes|Byte)?`;
}
const DONE = size("done");
const SIZE = size("size");
const CLOCK = String.raw`(?:\d+:)?\d+:\d\d`;

/** Patterns of programs that transfer data. */
export const transfers = patterns([
  // azcopy: `8.8 %, 2 Done, 0 Failed, 46 Pending, 0 Skipped, 48 Total`
  { format: "azcopy", pattern: /^(?<percent>\d{1,3}\.\d) %, \d+ Done, \d+ Failed, / },
  // rclone: the line with bytes is about the whole; checks, the count of files and single files are parts. Without a
  // terminal, each block of `-P` follows the last line of the previous block without a newline.
  {
    format: "rclone",
    pattern: new RegExp(
      String
        .raw`Transferred:\s+${DONE} / ${SIZE}, (?:(?<percent>\d{1,3})%|-), ${N} ?[kKMGT]?i?B(?:ytes)?/s`,
    ),
    rank: RANK.stated,
    status: "Transferring",
  },
  {
    format: "rclone",
    pattern: /^(?:Checks|Transferred|Deleted|Renamed|Errors|Listed):\s+\d+(?: \/ \d+, (?:\d{1,3}%|-))?/,
    isSilent: true,
  },
  { format: "rclone", pattern: /^\* +.{1,300}: ?\d{1,3}% ?\//, isSilent: true },
  // restic: `10.16%  4110 files 19.823 GiB, total 47824 files 195.068 GiB, 0 errors ETA 10:25:33`; restic cuts
  // each row at the width of the terminal, often in the middle of the word "errors".
  {
    format: "restic",
    pattern: new RegExp(
      String.raw`^(?<percent>${N})% {2,3}\d.*(?: errors | items | ETA |, total \d+ files )`,
    ),
    status: "Backing up",
  },
  {
    format: "restic",
    pattern: new RegExp(
      String
        .raw`^(?<percent>${N})% {2}(?<current>\d+) / (?<total>\d+) (?:packs|index files|snapshots|files deleted|files)`,
    ),
  },
  {
    format: "restic",
    pattern: new RegExp(String.raw`^\d+ files ${DONE}, total \d+ files ${SIZE}, \d+ errors`),
    status: "Backing up",
  },
  // borg --progress: `1.23 GB O 800.00 MB C 700.00 MB D 1234 N path`
  {
    format: "borg",
    pattern: new RegExp(String.raw`^${DONE} O ${N} [kMGT]?B C ${N} [kMGT]?B D \d+ N `),
    status: "Archiving",
  },
  // yt-dlp: single downloads are parts once items are counted.
  {
    format: "yt-dlp items",
    pattern: /^\[download\] Downloading (?:item|video) (?<current>\d+) of (?<total>\d+)/,
    rank: RANK.stated,
    isBeginning: true,
    status: "Downloading",
  },
  {
    format: "yt-dlp",
    pattern: new RegExp(String.raw`^\[download\]\s+(?<percent>${N})% of\s`),
    status: "Downloading",
  },
  // curl -Z: `DL% UL%  Dled  Uled  Xfers  Live Total Current  Left Speed`, then the line of all
  {
    format: "curl -Z",
    pattern: new RegExp(
      String
        .raw`^(?<percent>\d{1,3})\s+(?:--|\d{1,3})\s+[\d.]+[kMGTP]?\s+[\d.]+[kMGTP]?\s+\d+\s+\d+\s+(?:[-\d:]+\s+){2,3}[-\d:]+\s+[\d.]+[kMGTP]?$`,
    ),
  },
  { format: "curl -Z", pattern: /^--\s+--\s+[\d.]+[kMGTP]?\s+[\d.]+[kMGTP]?\s+\d+\s+\d+\s/, isSilent: true },
  // aria2: `[#2089b0 400.0KiB/33.2MiB(1%) CN:1 DL:115.7KiB ETA:4m51s]`
  {
    format: "aria2",
    pattern: new RegExp(String.raw`^\[#[0-9a-f]{6} ${DONE}/${SIZE}\((?<percent>\d{1,3})%\) CN:`),
    base: 1024,
    status: "Downloading",
  },
  { format: "aria2", pattern: /^\[DL:\S+\]\[#|^\[#[0-9a-f]{6} \S+ CN:|^\[(?:DL|UL):/, isSilent: true },
  // qemu-img: `    (42.00/100%)`
  { format: "qemu-img", pattern: /^\((?<percent>\d{1,3}\.\d\d)\/100%\)$/ },
  // xz -v: `  42.0 %   12.3 MiB / 45.6 MiB = 0.270    12 MiB/s   0:05   10 s`; without the size of the input, nothing is known.
  {
    format: "xz",
    pattern: new RegExp(
      String
        .raw`^(?:(?<percent>\d{1,3}\.\d) %|100 %|--- ?%)? +[\d.,]+ (?:[KMGT]i)?B / [\d.,]+ (?:[KMGT]i)?B = [\d.]+`,
    ),
  },
  { format: "xz", pattern: /^[\d.,]+ (?:[KMGT]i)?B \/ [\d.,]+ (?:[KMGT]i)?B = [\d.]+/, isSilent: true },
  // zstd: `(L3) Buffered : 12.0 MiB - Consumed : 4.0 MiB / 45 MiB => 27.01%`: the percentage is the compression ratio, not progress.
  {
    format: "zstd",
    pattern: new RegExp(String.raw`(?:Read|Consumed) ?: *${DONE} */ *${SIZE}(?: |$)`),
    base: 1024,
  },
  {
    format: "zstd",
    pattern: new RegExp(
      String
        .raw`(?:Read|Consumed) ?: ?${N} ?(?:[KMGT]i?)?B? ?/ ?${N}|(?:Buffered|Consumed|Read) ?: *${N} ?[KMGT]?i?B.*(?:=>|==>|Compressed)|^\S.* : ?${N}% {1,3}\(`,
    ),
    isSilent: true,
  },
  // 7z: ` 42% 12 + path`, ` 42% - path`
  { format: "7z", pattern: /^(?<percent>\d{1,3})%(?: \d+)? [-+U=] (?<what>\S.{0,200})$/ },
  // pg_basebackup: `12345/45678 kB (27%), 0/1 tablespace (path)`
  {
    format: "pg_basebackup",
    pattern: /^(?<current>\d+)\/(?<total>\d+) kB \((?<percent>\d{1,3})%\), \d+\/\d+ tablespaces?/,
    unit: "kB",
    status: "Copying the database",
  },
  // pv: `1.2GiB 0:00:10 [ 120MiB/s] [====>       ] 42% ETA 0:00:14`
  {
    format: "pv",
    pattern: new RegExp(
      String.raw`^(?:${N} ?[KMGT]?i?[Bb]? )?${CLOCK} \[.*\] \[[=<> -]*\] +(?<percent>\d{1,3})%`,
    ),
  },
  {
    format: "pv",
    pattern: new RegExp(String.raw`^${DONE} ${CLOCK} \[[^\]]{1,30}\](?: \[[ <=>-]*\])?$`),
    base: 1024,
  },
  // scp, sftp: `file.bin   42%   12MB   1.2MB/s   00:14 ETA`
  {
    format: "scp",
    pattern: new RegExp(
      String
        .raw`^(?<label>\S.{0,200}?)\s+(?<percent>\d{1,3})%\s+\d+(?:[KMGT]?B)?\s+[\d.]+[KMGT]?B/s\s+(?:[\d:-]+)(?:\s+ETA)?$`,
    ),
  },
  // mpg123 -v: frames and times, played and left: `> 0112+6780  00:02.90+02:57.09`
  {
    format: "mpg123",
    pattern: /^>? ?(?<current>\d{4,9})\+(?<left>\d{4,9}) +[\d:]{2,9}\.\d\d\+[\d:]{2,9}\.\d\d /,
    unit: "frames",
  },
  {
    format: "fetchmail",
    pattern: /^reading message \S{1,200}:(?<current>\d+) of (?<total>\d+) \(\d+ /,
    unit: "messages",
  },
  // drbdadm status: `replication:SyncSource peer-disk:Inconsistent done:12.34`
  {
    format: "drbd",
    pattern: /^replication:Sync(?:Source|Target)\b.{0,80} done:(?<percent>\d{1,3}\.\d\d)\b/,
    status: "Synchronising",
  },
  // zip -dc: files done and to go
  {
    format: "zip",
    pattern: /^(?<current>\d+)\/ *(?<left>\d+) +(?:adding|updating|copying|freshening|deleting): /,
    unit: "files",
  },
  // cdrecord and xorriso: fifo and buffer are fill levels
  {
    format: "cdrecord",
    pattern: /^Track \d+: +(?<current>\d+) of +(?<total>\d+) MB written/,
    unit: "MB",
    status: "Writing",
  },
  {
    format: "xorriso",
    pattern: /^xorriso : UPDATE : Writing: +\d+s +(?<percent>\d{1,3}(?:\.\d+)?)%/,
    status: "Writing",
  },
  // dd: the total is never known.
  {
    format: "dd",
    pattern:
      /^(?<current>\d+) bytes(?: \([^)]*\))?(?: copied, | transferred | transferred in )[\d.]+ ?s(?:ecs)?\b/,
    unit: "B",
  },
  {
    format: "tar",
    pattern: /^\S*tar: Write checkpoint (?<current>\d+)$/,
    unit: "records",
    status: "Writing",
  },
  { format: "tar", pattern: /^\S*tar: Read checkpoint (?<current>\d+)$/, unit: "records", status: "Reading" },
  { format: "git", pattern: /^remote: /, isSilent: true },
  // git, and programs with the same format. The counting and packing of a remote is only the preparation.
  {
    format: "git",
    pattern:
      /^(?<phase>[A-Z][\w '-]{2,60}?(?<unit>objects|deltas|files)?):\s+\d{1,3}% \((?<current>\d+)\/(?<total>\d+)\)/,
  },
  {
    format: "git rebase",
    pattern: /^Rebasing \((?<current>\d+)\/(?<total>\d+)\)/,
    isBeginning: true,
    unit: "commits",
    status: "Rebasing",
  },
  // apt and dpkg: the percentage in front is that of all downloads.
  { format: "apt", pattern: /^Progress: \[\s*(?<percent>\d{1,3})%\]/, status: "Installing" },
  { format: "apt downloads", pattern: /^(?<percent>\d{1,3})% \[/, status: "Downloading" },
  {
    format: "apt",
    pattern:
      /^Need to get |^\(?(?:Reading (?:package lists|state information|database|changelogs)|Building dependency tree) ?\.\.\./,
    isSilent: true,
  },
  // ddrescue, partclone, clonezilla: `Elapsed: 00:00:01, Remaining: 00:00:02, Completed: 42.00%, 1.2GB/min,`
  { format: "partclone", pattern: new RegExp(String.raw`Completed: ?(?<percent>${N})%`) },
  { format: "ddrescue", pattern: new RegExp(String.raw`pct rescued: +(?<percent>${N})%`) },
]);
