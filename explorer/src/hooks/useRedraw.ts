/** When a canvas is drawn again. */
import { useEffect } from "preact/hooks";

/** Calls back when the system's theme or the window's size changes: canvases are drawn again. */
export function useRedraw(draw: () => void): void {
  useEffect(() => {
    draw();
    const theme = matchMedia("(prefers-color-scheme: dark)");
    theme.addEventListener("change", draw);
    addEventListener("resize", draw);
    return () => {
      theme.removeEventListener("change", draw);
      removeEventListener("resize", draw);
    };
  });
}
