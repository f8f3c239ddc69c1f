/** The prompts of a study: a table to sort, filter and group; each opens its explanation. */
import { useSignal } from "@preact/signals";
import { usePage } from "../hooks/usePage";
import { percent } from "../lib/format";
import { type Column, cellOf, filtered, type Group, grouped, isIds, type Order, sorted } from "../lib/study";
import type { ReportPayload, StudyPrompt } from "../protocol/payloads";
import { Scroll } from "../ui/Table";

/** Rows that are drawn at first, and more each time. */
const ROWS = 200;

export function Study({ study }: { study: ReportPayload }) {
  const sought = useSignal("");
  const order = useSignal<Order>({ column: "row", falling: false });
  const by = useSignal<number | null>(null);
  const found = filtered(study.prompts, sought.value);
  const groups = grouped(sorted(found, order.value), by.value);
  const left = study.answered - study.prompts.length;
  return (
    <main class="study">
      <h2>
        {study.do} over {study.answered.toLocaleString("en")} prompts
      </h2>
      <p class="dim">
        The study in {study.folder}.
        {study.answered < study.rows ? ` ${study.rows - study.answered} more rows are still to be asked.` : ""}
        {study.failures ? ` ${study.failures} have an error.` : ""}
        {left > 0 ? ` The first ${study.prompts.length.toLocaleString("en")} are listed.` : ""} What matters over all of
        them: <code>unembed report</code>.
      </p>
      <div class="fields">
        <label>
          Filter{" "}
          <input type="search" value={sought.value} onInput={(event) => (sought.value = event.currentTarget.value)} />
        </label>
        {study.columns.length > 0 ? (
          <label>
            Group by{" "}
            <select
              value={by.value ?? ""}
              onChange={(event) => {
                const chosen = event.currentTarget.value;
                by.value = chosen === "" ? null : Number(chosen);
              }}
            >
              <option value="">nothing</option>
              {study.columns.map((name, place) => (
                <option key={name} value={place}>
                  {name}
                </option>
              ))}
            </select>
          </label>
        ) : null}
        <span class="dim" role="status">
          {found.length.toLocaleString("en")} prompts
        </span>
      </div>
      <Listed groups={groups} columns={study.columns} order={order.value} sort={(next) => (order.value = next)} />
    </main>
  );
}

interface Sorting {
  order: Order;
  sort(order: Order): void;
}

function Listed({ groups, columns, order, sort }: Sorting & { groups: Group[]; columns: string[] }) {
  const most = useSignal(ROWS);
  const total = groups.reduce((sum, { prompts }) => sum + prompts.length, 0);
  const heads: [Column, string][] = [
    ["row", "row"],
    ["prompt", "prompt"],
    ["target", "asked about"],
    ["probability", "probability"],
    ...columns.map((name, place): [Column, string] => [place, name]),
    ["error", "error"],
  ];
  let room = most.value;
  return (
    <Scroll label="The prompts of the study">
      <table>
        <thead>
          <tr>
            {heads.map(([column, name]) => (
              <Head key={column} column={column} name={name} order={order} sort={sort} />
            ))}
          </tr>
        </thead>
        {groups.map(({ value, prompts, well, mean }) => {
          const shown = prompts.slice(0, Math.max(0, room));
          room -= shown.length;
          return shown.length === 0 ? null : (
            <tbody key={value}>
              {value === null ? null : (
                <tr class="group">
                  <th colSpan={heads.length} scope="rowgroup">
                    {value}: {prompts.length.toLocaleString("en")} prompts
                    {mean === null ? "" : `, mean probability ${percent(mean)} of the ${well} that went well`}
                  </th>
                </tr>
              )}
              {shown.map((prompt) => (
                <Row key={prompt.row} prompt={prompt} columns={columns} />
              ))}
            </tbody>
          );
        })}
      </table>
      {total > most.value ? (
        <button type="button" onClick={() => (most.value += ROWS)}>
          Show more of {total.toLocaleString("en")}
        </button>
      ) : null}
    </Scroll>
  );
}

function Head({ column, name, order, sort }: Sorting & { column: Column; name: string }) {
  const here = order.column === column;
  return (
    <th scope="col" aria-sort={here ? (order.falling ? "descending" : "ascending") : "none"}>
      <button type="button" class="plain" onClick={() => sort({ column, falling: here && !order.falling })}>
        {name}
        {here ? (order.falling ? " ↓" : " ↑") : ""}
      </button>
    </th>
  );
}

function Row({ prompt, columns }: { prompt: StudyPrompt; columns: string[] }) {
  return (
    <tr>
      <td class="number">{prompt.row}</td>
      <th scope="row">
        <Prompt prompt={prompt} />
      </th>
      <td>
        {prompt.target}
        {prompt.versus === null ? "" : ` against ${prompt.versus}`}
      </td>
      <td class="number">{prompt.probability === null ? "" : percent(prompt.probability)}</td>
      {columns.map((name, place) => (
        <td key={name}>{cellOf(prompt, place)?.toString()}</td>
      ))}
      <td>{prompt.error}</td>
    </tr>
  );
}

/** What opens the explanation: of the token that the study asked about, against the one that it compared it with. */
function Prompt({ prompt }: { prompt: StudyPrompt }) {
  const page = usePage();
  if (prompt.prompt === "" || isIds(prompt.prompt)) return <>{prompt.prompt}</>;
  const { prompt: a, target_id: target, versus: vs } = prompt;
  return (
    <button type="button" class="plain" onClick={() => page.set({ a, target, vs, view: "why", position: null })}>
      {a}
    </button>
  );
}

/** The way back from a prompt to the table. */
export function BackToStudy() {
  const page = usePage();
  if (!page.data.study) return null;
  return (
    <p class="back">
      <button type="button" onClick={() => page.set({ a: "", target: null, vs: null, view: "why", position: null })}>
        ← All prompts of the study
      </button>
    </p>
  );
}
