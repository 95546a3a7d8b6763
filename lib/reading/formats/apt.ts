import { type Format, percentage } from "../reading.ts";

/** `Progress: [ 42%] [#######.........]`, of dpkg's fancy bar. */
const BAR = /^Progress: \[\s*(\d{1,3})%\]/;
/** `42% [1 linux-image 12.3 MB/45.6 MB 27%]`: the percentages behind are those of single downloads. */
const DOWNLOADS = /^(\d{1,3})% \[/;
/** `(Reading database ... 45%`, `Reading package lists... 93%` */
const READING = /^\(?(Reading [a-z ]{3,40}|Building [a-z ]{3,40}) ?\.\.\. ?(\d{1,3})%$/;
/** `Need to get 12.3 MB/45.6 MB of archives.`: how much is there already, and no progress of what is done now. */
const AMOUNT = /^Need to get /;

/** Reads the output of apt and dpkg. */
export function apt(): Format {
  return (text) => {
    if (AMOUNT.test(text)) return null;
    const bar = BAR.exec(text)?.[1];
    if (bar !== undefined) return percentage(Number(bar), { status: "Installing" });
    const downloads = DOWNLOADS.exec(text)?.[1];
    if (downloads !== undefined) return percentage(Number(downloads), { status: "Downloading" });
    const [, status, percent] = READING.exec(text) ?? [];
    return percent === undefined ? undefined : percentage(Number(percent), { status: status!.trim() });
  };
}
