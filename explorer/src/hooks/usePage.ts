/** The page that a panel belongs to. */
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Page } from "../page/page";

export const PageContext = createContext<Page | null>(null);

export function usePage(): Page {
  const page = useContext(PageContext);
  if (!page) throw new Error("A panel is used outside the page.");
  return page;
}
