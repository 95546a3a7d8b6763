/**
 * Recognises lines that programs write for other programs to read. Pure.
 *
 * @module
 */

import { RANK } from "../reading.ts";
import { patterns } from "./pattern.ts";

/** Patterns of protocols that state progress. */
export const protocols = patterns([
  // Azure Pipelines, logging commands
  {
    format: "azure pipelines",
    pattern: /^##vso\[task\.setprogress value=(?<percent>\d{1,3});\](?<what>.{0,200})$/,
    rank: RANK.stated,
  },
  // GnuPG, doc/DETAILS: what, a character, current, total, unit; entropy and key generation are not amounts of work.
  {
    format: "gnupg",
    pattern: /^\[GNUPG:\] PROGRESS (?:need_entropy|primegen|pk_\w+|learncard|starting_agent|card_busy|tick) /,
    isSilent: true,
  },
  {
    format: "gnupg",
    pattern: /^\[GNUPG:\] PROGRESS (?<label>\S+) \S (?<current>\d+) (?<total>[1-9]\d*)(?: (?<unit>\w+))?$/,
    rank: RANK.stated,
  },
  { format: "gnupg", pattern: /^\[GNUPG:\] /, isSilent: true },
  // makemkvcon in robot mode: current, total and maximum
  {
    format: "makemkv",
    pattern: /^PRGV:\d+,(?<current>\d+),(?<total>\d+)$/,
    rank: RANK.stated,
  },
  { format: "makemkv", pattern: /^(?:PRG[CT]|MSG|DRV|TINFO|CINFO|SINFO|TCOUNT):\d/, isSilent: true },
  // mkvmerge --gui-mode
  { format: "mkvmerge", pattern: /^#GUI#progress (?<percent>\d{1,3})%$/, rank: RANK.stated },
  // APT::Status-Fd: `dlstatus:3:42.5:Retrieving file 3 of 12`, `pmstatus:pkg:42.5:Unpacking pkg`
  {
    format: "apt status",
    pattern: /^(?<phase>dlstatus|pmstatus):[^:]{1,120}:(?<percent>\d{1,3}(?:\.\d{1,9})?):(?<what>.{0,200})$/,
    rank: RANK.stated,
  },
]);
