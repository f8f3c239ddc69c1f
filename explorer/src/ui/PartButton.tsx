/** The name of a part, to click. */
import { usePage } from "../hooks/usePage";
import { nameOf, type Part, samePart } from "../lib/parts";

/** A name that selects its part and previews it while the pointer is over it. */
export function PartButton(props: { part: Part }) {
  const page = usePage();
  const pressed = samePart(props.part, page.at.selection.value);
  return (
    <button
      type="button"
      class="part"
      aria-pressed={pressed}
      onClick={() => page.select(pressed ? null : props.part)}
      onMouseEnter={() => (page.hovered.value = props.part)}
      onMouseLeave={() => (page.hovered.value = null)}
      onFocus={() => (page.hovered.value = props.part)}
      onBlur={() => (page.hovered.value = null)}
    >
      {nameOf(props.part)}
    </button>
  );
}
