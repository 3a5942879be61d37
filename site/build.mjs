// Bundles src/ and css/ into dist/: content-hashed names, and manifest.json that maps the plain name to the hashed one.
// Run by hatch_build.py, after fonts.py has put the cut typefaces into build/fonts.
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, extname, join, relative, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const SCRIPT_BUDGET = 20 * 1024; // bytes of gzipped script that a page loads by itself
const OUT = "dist";
/** The package states "MIT" and carries no text: its repository's. */
const MIT = `MIT License

Copyright (c) Microsoft Corporation

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the
"Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish,
distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to
the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF
MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR
ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE
SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;
const require = createRequire(import.meta.url);

/** What every build here has in common. */
const common = {
  outdir: OUT,
  entryNames: "[name].[hash]",
  assetNames: "[name].[hash]",
  chunkNames: "[name].[hash]",
  bundle: true,
  minify: true,
  metafile: true,
  target: ["es2021", "chrome100", "firefox114", "safari15"],
  loader: { ".woff2": "file" },
  legalComments: "none",
  logLevel: "warning",
  conditions: ["onnxruntime-web-use-extern-wasm"], // its glue and its machine code are files of their own
};

/** As the sources name it: a plugin's path is part of a part's hash, which is to be the same wherever it is built. */
const here = (path) => relative(process.cwd(), path);

/** `asset:package/file` is the address of that file, copied as it is; `worker:./file.ts` that of a bundled worker. */
const files = {
  name: "files",
  setup(to) {
    to.onResolve({ filter: /^asset:/ }, (ask) => {
      const wanted = ask.path.slice("asset:".length);
      return { path: here(wanted.startsWith(".") ? resolve(ask.resolveDir, wanted) : require.resolve(wanted)), namespace: "asset" };
    });
    to.onLoad({ filter: /.*/, namespace: "asset" }, async (ask) => ({ contents: await readFile(ask.path), loader: "file" }));
    to.onResolve({ filter: /^worker:/ }, (ask) => ({
      path: here(resolve(ask.resolveDir, ask.path.slice("worker:".length))).replace(/\.ts$/, ".js"),
      namespace: "worker",
    }));
    to.onLoad({ filter: /.*/, namespace: "worker" }, async (ask) => {
      const entry = ask.path.replace(/\.js$/, ".ts");
      const made = await build({ ...common, entryPoints: [entry], format: "esm", write: false, plugins: [files] });
      const main = made.outputFiles.find((file) => file.path.endsWith(".js"));
      for (const other of made.outputFiles) if (other !== main) await writeFile(other.path, other.contents);
      Object.assign(extra, made.metafile.outputs);
      return { contents: main.contents, loader: "file", watchFiles: Object.keys(made.metafile.inputs) };
    });
  },
};
const extra = {}; // what the workers' own builds put out

await rm(OUT, { recursive: true, force: true });
await mkdir(OUT, { recursive: true });

const early = await build({ ...common, entryPoints: ["src/theme.ts", "src/sw.ts"], format: "iife" });
const result = await build({
  ...common,
  entryPoints: ["src/app.ts", "css/style.css"],
  format: "esm",
  splitting: true,
  plugins: [files],
});
const outputs = { ...early.metafile.outputs, ...result.metafile.outputs };

const manifest = {};
for (const [file, output] of [...Object.entries(outputs), ...Object.entries(extra).filter(([, o]) => !o.entryPoint)]) {
  const source = output.entryPoint ?? (Object.keys(output.inputs).length === 1 ? Object.keys(output.inputs)[0] : undefined);
  // A part that is loaded when it is first used has no plain name that a page could ask for: its own stands for it.
  const plain = source === undefined ? basename(file) : basename(source).replace(/\.ts$/, ".js");
  manifest[plain in manifest ? basename(file) : plain] = basename(file);
}

for (const name of await readdir("icons")) {
  manifest[name] = await hashed(name, await readFile(join("icons", name)));
}
manifest["licences.txt"] = await hashed("licences.txt", Buffer.from(await licences()));

let script = 0;
for (const file of await loadedBy([join(OUT, manifest["theme.js"]), join(OUT, manifest["app.js"])])) {
  script += gzipSync(await readFile(file)).length;
}
if (script > SCRIPT_BUDGET) throw new Error(`the script takes ${script} bytes gzipped, more than ${SCRIPT_BUDGET}`);
console.log(`script of every page: ${script} bytes gzipped`);

const sorted = Object.fromEntries(Object.entries(manifest).sort(([a], [b]) => (a < b ? -1 : 1)));
await writeFile(join(OUT, "manifest.json"), JSON.stringify(sorted, null, 2) + "\n");

/** The scripts themselves and all that they import before they run; parts that are imported later do not count. */
async function loadedBy(entries) {
  const seen = new Set(entries);
  for (const file of seen) {
    for (const one of outputs[file].imports) if (one.kind === "import-statement") seen.add(one.path);
  }
  return seen;
}

/** Writes `content` under a name that carries its hash, and returns that name. */
async function hashed(name, content) {
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 8).toUpperCase();
  const file = `${basename(name, extname(name))}.${hash}${extname(name)}`;
  await writeFile(join(OUT, file), content);
  return file;
}

/** What the third parties whose work is in dist/ ask to be said. */
async function licences() {
  const parts = ["Third-party work in this site. The code of nonesuch itself is under the Apache License 2.0.\n"];
  for (const name of ["@fontsource/instrument-serif", "@fontsource/inter", "@fontsource/jetbrains-mono", "photoswipe"]) {
    const folder = join("node_modules", name);
    const { version } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    const text = await readFile(join(folder, "LICENSE"), "utf8");
    const cut = name.startsWith("@fontsource") ? ", cut down to the glyphs used here" : "";
    parts.push(`${"-".repeat(72)}\n${name} ${version}${cut}\n\n${text.trim()}\n`);
  }
  const { version } = JSON.parse(await readFile(join("node_modules", "onnxruntime-web", "package.json"), "utf8"));
  parts.push(`${"-".repeat(72)}\nonnxruntime-web ${version}\n\n${MIT}\n`);
  return parts.join("\n");
}
