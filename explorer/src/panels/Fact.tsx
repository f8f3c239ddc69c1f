/** The fact that the prompt states: its knowledge neurons, and what the answer is without them or with twice of them. */
import { useAsk, useLatest } from "../hooks/useAsk";
import { usePage } from "../hooks/usePage";
import { percent } from "../lib/format";
import { chosenSet, findAsk, LOOKED_FOR, NEURON_SETS, type NeuronSet, setsOf, suggested } from "../lib/knowledge";
import { nameOf, neuronPart } from "../lib/parts";
import type { ExplainPayload, FactListPayload, FindPayload, NeuronPlace } from "../protocol/payloads";
import { PartButton } from "../ui/PartButton";
import { Status } from "../ui/Status";
import { TableTwin } from "../ui/Table";
import { Tested } from "../ui/Tested";
import { TokenText } from "../ui/Token";
import { Chooser, OwnPrompts, Suggestions } from "./FactChoice";
import { FactEditor } from "./FactEdit";

const THRESHOLDS = [0.2, 0.1, 0.05];
const NAMED = 12;
const SETS: Record<NeuronSet, string> = {
  refined: "the fact's own",
  kept: "all that the fact keeps",
  shared: "the relation's",
};

export function FactBox({ explained }: { explained: ExplainPayload }) {
  const page = usePage();
  const knowledge = page.at.knowledge.value;
  const followed = page.followed();
  const report = page.data.host === "report";
  const closed = report && knowledge === null;
  const list = useAsk(followed && !closed ? { ask: "facts" as const, prompt: followed.prompt } : null);
  if (closed)
    return (
      <p class="note">
        The neurons of a fact, and edits of it, were not kept in this report. Open the prompt with{" "}
        <code>unembed open</code> to find and edit them.
      </p>
    );
  return (
    <section class="fact">
      <h3>The fact, and its neurons</h3>
      <Status answer={list} />
      {list?.result ? <Stated list={list.result} explained={explained} /> : null}
      {knowledge && followed && list?.result ? <Found list={list.result} /> : null}
    </section>
  );
}

/** Which fact the prompt states, or how to name one. */
function Stated({ list, explained }: { list: FactListPayload; explained: ExplainPayload }) {
  const page = usePage();
  const knowledge = page.at.knowledge.value;
  const { stated } = list;
  const report = page.data.host === "report";
  const near = suggested(list, page.state.value.a, explained.target.text);
  if (knowledge?.prompts)
    return (
      <p>
        Your fact: {knowledge.prompts.length + 1} prompts, answered with <TokenText text={explained.target.text} />.{" "}
        <StopButton />
      </p>
    );
  const facts = list.relations.reduce((sum, relation) => sum + relation.facts.length, 0);
  return (
    <>
      {stated ? (
        <p>
          This prompt states a known fact: {stated.relation} of <strong>{stated.subject}</strong> is{" "}
          <strong>{stated.answer}</strong> ({stated.prompts.length} prompts ask for it).{" "}
          {knowledge ? (
            <StopButton />
          ) : (
            <button type="button" disabled={report} onClick={() => page.set({ knowledge: LOOKED_FOR })}>
              Find its neurons
            </button>
          )}
        </p>
      ) : near.length > 0 && !report ? (
        <Suggestions facts={near} />
      ) : (
        <p class="note">
          None of the {facts} known facts is asked for in these words. The neurons of a fact are found from several
          prompts that ask for it: choose a known fact, or write more prompts.
        </p>
      )}
      {report || (knowledge && stated) ? null : (
        <>
          <Chooser list={list} open={!stated && near.length === 0} />
          {stated ? null : <OwnPrompts />}
        </>
      )}
    </>
  );
}

function StopButton() {
  const page = usePage();
  if (page.data.host === "report") return null;
  return (
    <button type="button" onClick={() => page.set({ knowledge: null })}>
      Close
    </button>
  );
}

/** The neurons that were found, and what is done with them. */
function Found({ list }: { list: FactListPayload }) {
  const page = usePage();
  const knowledge = page.at.knowledge.value;
  const followed = page.followed();
  const asked = knowledge && followed && (knowledge.prompts || list.stated) ? findAsk(knowledge, followed) : null;
  const { answer, result, stale } = useLatest(asked);
  const report = page.data.host === "report";
  if (!knowledge || !asked) return null;
  return (
    <>
      <p class="controls">
        <label>
          Count neurons above{" "}
          <select
            value={knowledge.t}
            disabled={report}
            onChange={(event) => page.setKnowledge({ t: Number(event.currentTarget.value), set: null })}
          >
            {[...new Set([...THRESHOLDS, knowledge.t])].map((t) => (
              <option key={t} value={t}>
                {t} of the largest{t === 0.2 ? " (the paper's)" : ""}
              </option>
            ))}
          </select>
        </label>
      </p>
      <Status answer={answer} />
      {answer && !answer.result && !answer.error ? (
        <p class="note">Each prompt of each compared fact is attributed; Close stops it.</p>
      ) : null}
      {result ? (
        <div class={stale ? "stale" : ""}>
          <Neurons found={result} />
          <FactEditor found={result} list={list} />
        </div>
      ) : null}
    </>
  );
}

function Neurons({ found }: { found: FindPayload }) {
  const page = usePage();
  const knowledge = page.at.knowledge.value;
  const [fact] = found.facts;
  if (!knowledge || !fact) return null;
  const sets = setsOf(found);
  const chosen = chosenSet(sets, knowledge.set);
  const others = found.facts.length - 1;
  return (
    <>
      <p class="note">
        {others === 0
          ? "No other fact is compared, so these may be neurons of the form of the question."
          : `Compared with ${others} other ${others === 1 ? "fact" : "facts"} of ${found.relation}.`}{" "}
        The model gives <TokenText text={fact.answer} /> first on {fact.top.filter(Boolean).length} of{" "}
        {fact.prompts.length} prompts.
      </p>
      {found.notes.map((note) => (
        <p key={note} class="note">
          Note: {note}
        </p>
      ))}
      <fieldset>
        <legend>Which neurons</legend>
        {NEURON_SETS.map((name) => (
          <div key={name} class="choice">
            <label>
              <input
                type="radio"
                name="neuron-set"
                checked={chosen === name}
                disabled={sets[name].length === 0 || page.data.host === "report"}
                onChange={() => page.setKnowledge({ set: name })}
              />{" "}
              {SETS[name]}: {sets[name].length}
            </label>{" "}
            <Named neurons={sets[name]} />
          </div>
        ))}
      </fieldset>
      {sets[chosen].length === 0 ? (
        <p class="note">No neuron is above the threshold in enough prompts. Take a lower one.</p>
      ) : (
        <Scaled neurons={sets[chosen]} target={fact.target[0]?.id} whole={fact.target.length === 1} />
      )}
      <TableTwin
        label="prompts of the fact"
        head={["prompt", "probability of the answer", "top prediction"]}
        rows={() =>
          fact.prompts.map((prompt, place) => [
            prompt,
            percent(fact.probabilities[place] ?? 0),
            fact.top[place] ? "yes" : "no",
          ])
        }
      />
    </>
  );
}

function Named({ neurons }: { neurons: readonly NeuronPlace[] }) {
  return (
    <span class="neurons">
      {neurons.slice(0, NAMED).map((neuron) => {
        const part = neuronPart(neuron);
        return <PartButton key={nameOf(part)} part={part} />;
      })}
      {neurons.length > NAMED ? <span class="small">and {neurons.length - NAMED} more</span> : null}
    </span>
  );
}

/** The chosen neurons zeroed or doubled together, where the answer is predicted. */
function Scaled(props: { neurons: NeuronPlace[]; target: number | undefined; whole: boolean }) {
  const page = usePage();
  const test = page.at.knowledge.value?.test ?? null;
  const name = (how: "zero" | "double") => (how === "zero" ? "Suppress (× 0)" : "Amplify (× 2)");
  return (
    <fieldset class="test">
      <legend>At this prompt</legend>
      <p class="controls">
        {(["zero", "double"] as const).map((how) => (
          <button
            key={how}
            type="button"
            aria-pressed={test === how}
            disabled={page.data.host === "report"}
            onClick={() => page.setKnowledge({ test: test === how ? null : how })}
          >
            {name(how)}
          </button>
        ))}
      </p>
      {test && props.target !== undefined ? (
        <Tested
          tests={props.neurons.map((neuron) => ({ part: neuronPart(neuron), how: test }))}
          target={props.target}
          note={`the activations of these ${props.neurons.length} neurons ${test === "zero" ? "set to 0" : "doubled"} where the answer is predicted`}
        />
      ) : null}
      {test && !props.whole ? (
        <p class="note">The answer has several tokens; the probability is of the first.</p>
      ) : null}
    </fieldset>
  );
}
