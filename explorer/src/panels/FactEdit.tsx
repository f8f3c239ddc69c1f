/** The weights edited about a fact, and what the edited model says; the loaded model is as it was afterwards. */
import { useSignal } from "@preact/signals";
import { useAsk } from "../hooks/useAsk";
import { usePage } from "../hooks/usePage";
import { decimal, percent } from "../lib/format";
import {
  ACTIONS,
  type Action,
  chosenSet,
  commandOf,
  editAsk,
  type FactEdit,
  lineOf,
  METHODS,
  type NamedFact,
  setsOf,
} from "../lib/knowledge";
import { nameOf, neuronPart } from "../lib/parts";
import type { EditPayload, FactListPayload, FindPayload, GroupChange } from "../protocol/payloads";
import { Status } from "../ui/Status";
import { Scroll } from "../ui/Table";
import { TokenText } from "../ui/Token";

const ACTS: Record<Action, string> = {
  update: "update to another answer",
  erase: "erase the relation",
  suppress: "suppress these neurons",
  amplify: "amplify these neurons",
};
const BY = { rome: "ROME (a layer)", value: "value rows of these neurons" };

export function FactEditor({ found, list }: { found: FindPayload; list: FactListPayload }) {
  const page = usePage();
  const knowledge = page.at.knowledge.value;
  const followed = page.followed();
  const edit = knowledge?.edit ?? null;
  const sets = setsOf(found);
  const chosen = edit?.action === "erase" ? sets.shared : sets[chosenSet(sets, knowledge?.set ?? null)];
  const answer = useAsk(edit && knowledge && followed ? editAsk(knowledge, edit, followed, chosen) : null);
  if (!knowledge || (page.data.host === "report" && !edit)) return null;
  const [fact] = found.facts;
  const target = fact?.target.map((token) => token.text).join("") ?? "";
  const named: NamedFact = {
    relation: found.relation,
    subject: knowledge.prompts ? knowledge.subject : (fact?.subject ?? ""),
    answer: fact?.answer ?? "",
    target,
    prompts: fact?.prompts ?? [],
  };
  return (
    <fieldset class="edit">
      <legend>Edit the weights</legend>
      {page.data.host === "report" ? null : (
        <EditForm own={knowledge.prompts !== null} counts={{ own: chosen.length, shared: sets.shared.length }} />
      )}
      <Status answer={answer} />
      {answer?.result && edit ? (
        <>
          <Edited result={answer.result} answer={named.answer} />
          <Command
            edit={edit}
            fact={named}
            shipped={list.shipped && knowledge.prompts === null}
            neurons={chosen.map((neuron) => nameOf(neuronPart(neuron)))}
          />
        </>
      ) : null}
    </fieldset>
  );
}

function EditForm({ own, counts }: { own: boolean; counts: { own: number; shared: number } }) {
  const page = usePage();
  const made = page.at.knowledge.value?.edit ?? null;
  const action = useSignal<Action>(made?.action ?? "update");
  const to = useSignal(made?.to ?? "");
  const method = useSignal<FactEdit["method"]>(made?.method ?? "rome");
  const updates = action.value === "update";
  const needed = action.value === "erase" ? counts.shared : updates && method.value === "rome" ? 1 : counts.own;
  const ready = needed > 0 && (!updates || to.value.trim() !== "");
  return (
    <form
      class="controls"
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) page.setKnowledge({ edit: { action: action.value, to: to.value.trim(), method: method.value } });
      }}
    >
      <label>
        Do{" "}
        <select value={action.value} onChange={(event) => (action.value = event.currentTarget.value as Action)}>
          {ACTIONS.filter((each) => !own || each !== "erase").map((each) => (
            <option key={each} value={each}>
              {ACTS[each]}
            </option>
          ))}
        </select>
      </label>
      {updates ? (
        <>
          <label>
            New answer{" "}
            <input type="text" value={to.value} onInput={(event) => (to.value = event.currentTarget.value)} />
          </label>
          <label>
            By{" "}
            <select
              value={method.value}
              onChange={(event) => (method.value = event.currentTarget.value as FactEdit["method"])}
            >
              {METHODS.map((each) => (
                <option key={each} value={each}>
                  {BY[each]}
                </option>
              ))}
            </select>
          </label>
        </>
      ) : null}
      <button type="submit" disabled={!ready}>
        Edit and see
      </button>
      {made ? (
        <button type="button" onClick={() => page.setKnowledge({ edit: null })}>
          Close
        </button>
      ) : null}
      {needed > 0 ? null : <span class="note">There are no such neurons: take a lower threshold.</span>}
    </form>
  );
}

function Edited({ result, answer }: { result: EditPayload; answer: string }) {
  const { effects, control } = result;
  const rows: [string, GroupChange | null, GroupChange | null | undefined][] = [
    [result.subject === null ? "the relation's facts" : `${answer}, on the fact's prompts`, effects.own, control?.own],
    [`${result.to}, on prompts of the edit`, effects.new, control?.new],
    [`${result.to}, on unseen prompts`, effects.unseen, control?.unseen],
    ["other facts of the relation", effects.related, control?.related],
    ["facts of other relations", effects.unrelated, control?.unrelated],
  ];
  return (
    <div aria-live="polite">
      <Scroll label="What the edited model says, a prompt a row">
        <table>
          <caption>What the model says first</caption>
          <thead>
            <tr>
              <th scope="col">prompt</th>
              <th scope="col">before</th>
              <th scope="col">edited</th>
            </tr>
          </thead>
          <tbody>
            {result.prompts.map((row) => (
              <tr key={row.prompt}>
                <td>
                  {row.prompt}
                  {row.used ? <span class="small"> (edit made with it)</span> : null}
                </td>
                <td>
                  <Said said={row.before} />
                </td>
                <td>
                  <Said said={row.after} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <Scroll label="What the edit changes, by group of prompts">
        <table>
          <caption>The right (or new) answer, mean probability</caption>
          <thead>
            <tr>
              <th scope="col">answer</th>
              <th scope="col" class="number">
                before
              </th>
              <th scope="col" class="number">
                edited
              </th>
              <th scope="col" class="number">
                first on
              </th>
              <th scope="col" class="number">
                control
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map(([name, group, beside]) =>
              group ? (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  <td class="number">{percent(group.before)}</td>
                  <td class="number">{percent(group.after)}</td>
                  <td class="number">
                    {group.top_before} → {group.top_after} of {group.prompts}
                  </td>
                  <td class="number">{beside ? percent(beside.after) : "—"}</td>
                </tr>
              ) : null,
            )}
          </tbody>
        </table>
      </Scroll>
      <p class="note">
        Perplexity of some text: {decimal(result.perplexity ?? 0)} before, {decimal(effects.perplexity ?? 0)} edited.
        Control: the same edit{" "}
        {result.neurons.length > 0 ? "of as many random neurons of the same layers" : "at a random key"}. Some facts are
        asked, not all; the command asks more. The edit is undone: the page goes on with the model as it was.
      </p>
      {result.notes.map((note) => (
        <p key={note} class="note">
          Note: {note}
        </p>
      ))}
    </div>
  );
}

function Said({ said }: { said: { text: string; probability: number } }) {
  return (
    <span class="chip">
      <TokenText text={said.text} /> <span class="small">{percent(said.probability)}</span>
    </span>
  );
}

/** How the same edit is written to a file that `--edits` takes. */
function Command(props: { edit: FactEdit; fact: NamedFact; shipped: boolean; neurons: string[] }) {
  const page = usePage();
  const model = page.explained.value?.model.name ?? "";
  const needsFile = !props.shipped && props.edit.action !== "erase";
  return (
    <details>
      <summary>Keep this edit in a file</summary>
      {needsFile ? (
        <>
          <p class="note">Write this line to fact.jsonl:</p>
          <Code label="The fact as a line of JSON" text={lineOf(props.fact)} />
        </>
      ) : null}
      <p class="note">Then run this, and open it again with unembed open --edits edit.safetensors:</p>
      <Code label="The command" text={commandOf(props.edit, props.fact, props.shipped, props.neurons, model)} />
    </details>
  );
}

function Code({ label, text }: { label: string; text: string }) {
  return (
    <Scroll label={label}>
      <pre>
        <code>{text}</code>
      </pre>
    </Scroll>
  );
}
