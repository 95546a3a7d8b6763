/** @jsxImportSource preact */
/**
 * The fields with which a log is searched. Without JavaScript, they are part of a form.
 *
 * @module
 */

import type { JSX } from "preact";
import { LOG_LEVELS, LOG_STREAMS, type LogLevel, type LogStream } from "../../lib/task/task.ts";
import { levelText, type LogFilter } from "../shared/log_filter.ts";

interface LogFilterFieldsProps {
  readonly filter: LogFilter;
  /** Called with the new filter when the user changes a field; absent without JavaScript. */
  readonly onChange?: (filter: LogFilter) => void;
  /** Moves to the next or the previous match; absent without JavaScript. */
  readonly onStep?: (by: 1 | -1) => void;
}

/** The fields for a text, an output and a severity. */
export function LogFilterFields({ filter, onChange, onStep }: LogFilterFieldsProps): JSX.Element {
  return (
    <>
      <input
        type="search"
        name="q"
        class="log-search"
        placeholder="Search the log"
        aria-label="Search the log"
        value={filter.text}
        onInput={(event) => onChange?.({ ...filter, text: event.currentTarget.value })}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || onStep === undefined) return;
          event.preventDefault();
          onStep(event.shiftKey ? -1 : 1);
        }}
      />
      <select
        name="stream"
        aria-label="Output"
        value={filter.stream}
        onChange={(event) => onChange?.({ ...filter, stream: event.currentTarget.value as LogStream | "" })}
      >
        <option value="">Any output</option>
        {LOG_STREAMS.map((stream) => <option key={stream} value={stream}>{stream}</option>)}
      </select>
      <select
        name="level"
        aria-label="Severity"
        value={filter.level}
        onChange={(event) => onChange?.({ ...filter, level: event.currentTarget.value as LogLevel | "" })}
      >
        <option value="">Any severity</option>
        {LOG_LEVELS.map((level) => <option key={level} value={level}>{levelText(level)}</option>)}
      </select>
    </>
  );
}
