/** Naming the fact: one of the known ones, or more prompts of one's own. */
import { useSignal } from "@preact/signals";
import { usePage } from "../hooks/usePage";
import { LOOKED_FOR, promptsOf, type suggested } from "../lib/knowledge";
import type { FactListPayload } from "../protocol/payloads";

/** Known facts that the prompt may ask for, in other words than theirs. */
export function Suggestions({ facts }: { facts: ReturnType<typeof suggested> }) {
  const page = usePage();
  return (
    <p>
      This asks for a known fact in other words. Find the neurons of{" "}
      {facts.slice(0, 3).map((fact) => (
        <button
          key={`${fact.relation} ${fact.subject}`}
          type="button"
          onClick={() => page.set({ a: fact.prompt, position: null, target: null, knowledge: LOOKED_FOR })}
        >
          {fact.relation} of {fact.subject}: {fact.answer}
        </button>
      ))}{" "}
      with the prompts that are known to ask for it.
    </p>
  );
}

/** A known fact, by relation and subject; its first prompt becomes the page's. */
export function Chooser({ list, open }: { list: FactListPayload; open: boolean }) {
  const page = usePage();
  const relation = useSignal(0);
  const fact = useSignal(0);
  const facts = list.relations[relation.value]?.facts ?? [];
  const chosen = facts[fact.value];
  return (
    <details open={open}>
      <summary>Choose a known fact</summary>
      <p class="controls">
        <label>
          Relation{" "}
          <select
            value={relation.value}
            onChange={(event) => {
              relation.value = Number(event.currentTarget.value);
              fact.value = 0;
            }}
          >
            {list.relations.map((each, place) => (
              <option key={each.name} value={place}>
                {each.name}
                {each.description ? ` (${each.description})` : ""}
              </option>
            ))}
          </select>
        </label>
        <label>
          Fact{" "}
          <select value={fact.value} onChange={(event) => (fact.value = Number(event.currentTarget.value))}>
            {facts.map((each, place) => (
              <option key={each.subject} value={place}>
                {each.subject}: {each.answer}
              </option>
            ))}
          </select>
        </label>
        <button
          type="button"
          disabled={!chosen}
          onClick={() => chosen && page.set({ a: chosen.prompt, position: null, target: null })}
        >
          Take its prompt
        </button>
      </p>
    </details>
  );
}

/** More prompts of the same fact, typed. */
export function OwnPrompts() {
  const page = usePage();
  const typed = useSignal("");
  const subject = useSignal("");
  const prompts = promptsOf(typed.value);
  return (
    <details>
      <summary>Or write prompts of your own</summary>
      <label class="stacked">
        More prompts that end right before the same answer, one a line
        <textarea
          rows={3}
          value={typed.value}
          dir="auto"
          onInput={(event) => (typed.value = event.currentTarget.value)}
        />
      </label>
      <p class="controls">
        <label>
          Subject{" "}
          <input
            type="text"
            value={subject.value}
            placeholder="for an update by ROME"
            onInput={(event) => (subject.value = event.currentTarget.value)}
          />
        </label>
        <button
          type="button"
          disabled={prompts.length === 0}
          onClick={() => page.set({ knowledge: { ...LOOKED_FOR, prompts, subject: subject.value.trim() } })}
        >
          Find the neurons of this fact
        </button>
      </p>
    </details>
  );
}
