import { defineConfig } from "vite";

// A browser's bundle: whatever the core needs must be in it.
export default defineConfig({
  build: {
    target: "es2022",
    lib: { entry: "main.js", formats: ["es"], fileName: "bundle" },
  },
});
