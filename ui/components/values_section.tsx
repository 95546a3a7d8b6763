/** @jsxImportSource preact */
/**
 * The values that a task reported over time: a chart of each series, and a table.
 *
 * @module
 */

import type { JSX } from "preact";
import { countNoun, formatCount, formatDateTime, formatValue } from "../../lib/text/format.ts";
import { LIMITS } from "../../lib/task/grammar.ts";
import type { NamedSeries, TaskValues } from "../../lib/task/value_book.ts";
import type { ValuePoint } from "../../lib/task/values.ts";
import { valuesCsvUrl } from "../shared/links.ts";
import type { Readable, TaskView } from "../shared/view.ts";
import { SectionHead } from "./frame.tsx";
import { DateTime } from "./time.tsx";
import { ValueChart } from "./value_chart.tsx";

interface ValuesSectionProps {
  readonly view: TaskView;
  readonly values: Readable<TaskValues>;
}

/** The section with the values of a task; nothing if the task has no values. All charts have the same time axis. */
export function ValuesSection({ view, values }: ValuesSectionProps): JSX.Element | null {
  const { series, ignored } = values.value;
  if (series.length === 0) return null;
  const from = Math.min(...series.map(({ points }) => points[0]![0]));
  const to = Math.max(...series.map(({ points }) => points.at(-1)![0]));
  return (
    <section class="panel-section" aria-labelledby="values-title">
      <SectionHead view={view} id="values-title" title="Values" count={formatCount(series.length)}>
        <a class="head-link" href={valuesCsvUrl(view.frame, view.task.value.id)} download>Download CSV</a>
      </SectionHead>
      <div class="values">
        {series.map((each) => <ValueChart key={each.name} view={view} series={each} from={from} to={to} />)}
      </div>
      {ignored > 0 && (
        <p class="values-note">
          {countNoun(ignored, "value")} of further series not kept: a task has at most{" "}
          {formatCount(LIMITS.valueSeries)}.
        </p>
      )}
      <ValueTable view={view} series={series} />
    </section>
  );
}

/** A table of the first, last, lowest and highest value of each series, with their times. */
function ValueTable(
  { view, series }: { readonly view: TaskView; readonly series: readonly NamedSeries[] },
): JSX.Element {
  const cell = (name: string, [at, value]: ValuePoint) => (
    <td class="number" title={formatDateTime(at, view.scripted.value)}>
      {formatValue(value, name)}
      <span class="values-time">
        <DateTime view={view} at={at} />
      </span>
    </td>
  );
  return (
    <details class="values-details">
      <summary>Table of values</summary>
      <div class="values-frame" tabIndex={0} role="group" aria-label="Table of values">
        <table class="values-table">
          <thead>
            <tr>
              {["Series", "First", "Last", "Lowest", "Highest"].map((title) => (
                <th key={title} scope="col">{title}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {series.map(({ name, points }) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                {cell(name, points[0]!)}
                {cell(name, points.at(-1)!)}
                {cell(name, points.reduce((lowest, point) => point[1] < lowest[1] ? point : lowest))}
                {cell(name, points.reduce((highest, point) => point[1] > highest[1] ? point : highest))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
