// Bundles src/ and css/ into dist/: content-hashed names, and manifest.json that maps the plain name to the hashed one.
// Run by hatch_build.py, after fonts.py has put the cut typefaces into build/fonts.
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const SCRIPT_BUDGET = 20 * 1024; // bytes of gzipped script that any page may load
const OUT = "dist";

await rm(OUT, { recursive: true, force: true });
await mkdir(OUT, { recursive: true });

const result = await build({
  entryPoints: ["src/app.ts", "src/theme.ts", "css/style.css"],
  outdir: OUT,
  entryNames: "[name].[hash]",
  assetNames: "[name].[hash]",
  bundle: true,
  minify: true,
  metafile: true,
  format: "iife",
  target: ["es2021", "chrome100", "firefox100", "safari15"],
  loader: { ".woff2": "file" },
  legalComments: "none",
  logLevel: "warning",
});

const manifest = {};
for (const [file, output] of Object.entries(result.metafile.outputs)) {
  const source = output.entryPoint ?? Object.keys(output.inputs)[0];
  const plain = basename(source).replace(/\.ts$/, ".js");
  manifest[plain] = basename(file);
}

for (const name of await readdir("icons")) {
  manifest[name] = await hashed(name, await readFile(join("icons", name)));
}
manifest["licences.txt"] = await hashed("licences.txt", Buffer.from(await licences()));

const script = gzipSync(await readFile(join(OUT, manifest["app.js"]))).length + gzipSync(await readFile(join(OUT, manifest["theme.js"]))).length;
if (script > SCRIPT_BUDGET) throw new Error(`the script takes ${script} bytes gzipped, more than ${SCRIPT_BUDGET}`);

const sorted = Object.fromEntries(Object.entries(manifest).sort(([a], [b]) => (a < b ? -1 : 1)));
await writeFile(join(OUT, "manifest.json"), JSON.stringify(sorted, null, 2) + "\n");

/** Writes `content` under a name that carries its hash, and returns that name. */
async function hashed(name, content) {
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 8).toUpperCase();
  const file = `${basename(name, extname(name))}.${hash}${extname(name)}`;
  await writeFile(join(OUT, file), content);
  return file;
}

/** What the third parties whose work is in dist/ ask to be said: the typefaces' licences. */
async function licences() {
  const parts = ["Third-party work in this site. The code of nonesuch itself is under the Apache License 2.0.\n"];
  for (const name of ["instrument-serif", "inter", "jetbrains-mono"]) {
    const folder = join("node_modules", "@fontsource", name);
    const { version } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    const text = await readFile(join(folder, "LICENSE"), "utf8");
    parts.push(`${"-".repeat(72)}\n@fontsource/${name} ${version}, cut down to the glyphs used here\n\n${text.trim()}\n`);
  }
  return parts.join("\n");
}
