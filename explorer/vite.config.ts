import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

// One ES module beside the Python code that serves it; nothing is split off, so a report can embed it.
const docs = fileURLToPath(new URL("../docs", import.meta.url));

export default defineConfig({
  // The glossary is read from the documentation, its one home.
  resolve: { alias: { docs } },
  server: { fs: { allow: [".", docs] } },
  build: {
    target: "es2022",
    outDir: "../src/unembed/view/html",
    emptyOutDir: false,
    lib: { entry: "src/main.tsx", formats: ["es"], fileName: () => "explorer.js" },
    rollupOptions: { output: { codeSplitting: false } },
  },
  define: { "process.env.NODE_ENV": '"production"' },
  test: { environment: "happy-dom", css: true, include: ["tests/**/*.test.ts", "tests/**/*.test.tsx"] },
});
