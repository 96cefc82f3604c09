// The model bundles that lie beside the page; see tfcomp/runtime/bundle.py.

import { concatenate } from "../bitstream/container.js";
import { BundleError, CodecError } from "../errors.js";
import { SECTION_COUNTS } from "./decoder.js";
import { fingerprinted, specOf } from "./image_spec.js";

const FOLDER = new URL("../../vendor/bundles/", import.meta.url);
const MANIFEST_VERSIONS = [1, 2]; // 2 has "image"

/** The manifests of all bundles, with where they are: [{ manifest, folder }]. */
export async function installedBundles() {
  const names = JSON.parse(new TextDecoder().decode(await download(new URL("index.json", FOLDER))));
  return Promise.all(
    names.map(async (name) => {
      const folder = new URL(`${name}/`, FOLDER);
      const text = await download(new URL("manifest.json", folder));
      return { manifest: checked(JSON.parse(new TextDecoder().decode(text))), folder };
    }),
  );
}

/** What `parse` (bitstream/container.js) asks of a bundle; throws where none matches. */
export function findByFingerprint(bundles, digits) {
  const found = bundles.find(({ manifest }) => manifest.fingerprint.startsWith(digits));
  if (!found) {
    throw new CodecError(
      `The file was written with model ${digits}, which this page doesn't have ` +
        `(it has ${bundles.map(({ manifest }) => manifest.name).join(", ")}).`,
    );
  }
  const { qualities, fixed_size: fixedSize, entropy, stride } = found.manifest;
  const qualitySteps = entropy.quality_steps ?? 1;
  const sectionCount = SECTION_COUNTS[entropy.kind];
  const sequence = Boolean(entropy.sequence);
  return { ...found, qualities, qualitySteps, fixedSize, stride, sectionCount, sequence };
}

/** The bytes that a bundle decodes with, its fingerprint verified: { decoder, entropy, tables }. */
export async function readBundle({ manifest, folder }) {
  const names = ["decoder.tflite", "tables.npz"];
  if (manifest.entropy.kind === "hyperprior") names.push("entropy.tflite");
  const [decoder, tables, entropy] = await Promise.all(
    names.map((name) => download(new URL(name, folder))),
  );
  const decoding = [decoder, tables, ...(entropy ? [entropy] : [])];
  const fingerprint = await fingerprintOf(decoding, manifest);
  if (fingerprint !== null && fingerprint !== manifest.fingerprint) {
    throw new BundleError(
      `The files of model ${manifest.name} are damaged; install the page again.`,
    );
  }
  return { decoder, entropy, tables };
}

/** The bytes of encoder.tflite, which files are made with. */
export function readEncoder({ folder }) {
  return download(new URL("encoder.tflite", folder));
}

function checked(manifest) {
  const { format_version: version, entropy } = manifest;
  const known = MANIFEST_VERSIONS.includes(version) && entropy?.kind in SECTION_COUNTS;
  if (!known || (entropy.sequence ?? 0) > 1) {
    throw new BundleError(`The model ${manifest.name} is newer than this page; update the page.`);
  }
  return manifest;
}

/** 64 hex digits; null where the page is not in a secure context, which has no SHA-256. */
async function fingerprintOf(parts, manifest) {
  const { entropy } = manifest;
  if (!self.crypto?.subtle) return null;
  const keys = Object.keys(entropy).sort();
  const layout = JSON.stringify(Object.fromEntries(keys.map((key) => [key, entropy[key]])));
  const hashed =
    entropy.kind === "factorized" ? [...parts] : [...parts, new TextEncoder().encode(layout)];
  hashed.push(new TextEncoder().encode(fingerprinted(specOf(manifest))));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", concatenate(hashed)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function download(url) {
  let answer = null;
  try {
    answer = await fetch(url);
  } catch {
    // Said below: no server, or no file.
  }
  if (!answer?.ok) {
    const name = url.pathname.split("/vendor/").at(-1);
    throw new CodecError(`The page's file ${name} is missing; run npm ci in examples/web.`);
  }
  return new Uint8Array(await answer.arrayBuffer());
}
