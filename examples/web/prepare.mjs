// Copies next to the page what is not kept in the repository: LiteRT.js with its WebAssembly from
// node_modules, and the model bundles. `npm ci` runs it; so does `node prepare.mjs [BUNDLE ...]`,
// with folders of further bundles.

import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const finished = join(here, "vendor");
const vendor = `${finished}.new`; // renamed when it is whole
const entropyKinds = ["factorized", "hyperprior", "bits"]; // that js/runtime/decoder.js has
const project = join(here, "..", "..");
const shippedBundles = [
  join(project, "tfcomp", "bundles"),
  join(project, "more_models", "tfcomp_more_models"),
];
const bundleFiles = ["manifest.json", "encoder.tflite", "decoder.tflite", "tables.npz"];
// Plain, without relaxed SIMD (older browsers), and with threads (isolated pages).
const builds = [
  "litert_wasm_internal",
  "litert_wasm_compat_internal",
  "litert_wasm_threaded_internal",
];

async function copyLiteRt() {
  const packages = join(here, "node_modules", "@litertjs");
  const target = join(vendor, "litert");
  await mkdir(target, { recursive: true });
  const helper = "@litertjs/wasm-utils";
  const source = await readFile(join(packages, "core", "dist", "index.js"), "utf8");
  // Workers know no import maps, so the one bare name becomes a path.
  if (!source.includes(`"${helper}"`)) throw new Error(`LiteRT.js no longer imports ${helper}`);
  const dropMap = (text) => text.replace(/^\/\/# sourceMappingURL=.*$/m, "");
  await writeFile(
    join(target, "index.js"),
    dropMap(source).replace(`"${helper}"`, '"./wasm-utils.js"'),
  );
  const utils = await readFile(join(packages, "wasm-utils", "dist", "index.js"), "utf8");
  await writeFile(join(target, "wasm-utils.js"), dropMap(utils));
  for (const build of builds) {
    for (const ending of ["js", "wasm"]) {
      await cp(
        join(packages, "core", "wasm", `${build}.${ending}`),
        join(target, `${build}.${ending}`),
      );
    }
  }
}

/** Whether js/ has the bundle's entropy model. */
async function isReadable(folder) {
  const manifest = JSON.parse(await readFile(join(folder, "manifest.json"), "utf8"));
  return entropyKinds.includes(manifest.entropy.kind);
}

async function copyBundles(extra) {
  const folders = [...extra];
  for (const place of shippedBundles.filter(existsSync)) {
    for (const name of (await readdir(place)).sort()) {
      const folder = join(place, name);
      if (existsSync(join(folder, "manifest.json")) && (await isReadable(folder)))
        folders.push(folder);
    }
  }
  const names = [];
  for (const folder of folders.filter((path) => existsSync(join(path, "manifest.json")))) {
    const name = basename(folder);
    if (names.includes(name)) throw new Error(`two bundle folders are called ${name}; rename one`);
    const target = join(vendor, "bundles", name);
    await mkdir(target, { recursive: true });
    const entropy = existsSync(join(folder, "entropy.tflite")) ? ["entropy.tflite"] : [];
    for (const file of [...bundleFiles, ...entropy])
      await cp(join(folder, file), join(target, file));
    names.push(name);
  }
  await writeFile(join(vendor, "bundles", "index.json"), JSON.stringify(names) + "\n");
  return names;
}

await rm(vendor, { recursive: true, force: true });
await copyLiteRt();
const names = await copyBundles(process.argv.slice(2));
await rm(finished, { recursive: true, force: true });
await rename(vendor, finished);
console.log(`vendor/: LiteRT.js and the bundles ${names.join(", ")}`);
