/** What the page tells, for as long as it takes to read it. */
import { useEffect } from "preact/hooks";
import { usePage } from "../hooks/usePage";

const SHOWN_FOR = 7000;

export function Toast() {
  const page = usePage();
  const said = page.said.value;
  useEffect(() => {
    const timer = setTimeout(() => {
      page.said.value = "";
    }, SHOWN_FOR);
    return () => clearTimeout(timer);
  }, [said]);
  return (
    <p class="toast" role="status">
      {said}
    </p>
  );
}
