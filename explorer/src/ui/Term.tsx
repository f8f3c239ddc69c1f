/** A term of the field: what it means on hover, and its row of the glossary by a click. */
import type { ComponentChildren } from "preact";
import { usePage } from "../hooks/usePage";
import { entryOf } from "../lib/glossary";

/** `name` is a name of the glossary; the text is the name itself unless something else stands between the tags. */
export function Term(props: { name: string; children?: ComponentChildren }) {
  const page = usePage();
  return (
    <button
      type="button"
      class="term"
      title={entryOf(props.name)?.meaning}
      onClick={(event) => {
        event.stopPropagation();
        page.glossary.value = props.name;
      }}
    >
      {props.children ?? props.name}
    </button>
  );
}
