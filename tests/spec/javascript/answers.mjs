// What the page's JavaScript makes of the lines of a check, by the name of a file of vectors: for
// reading and for writing, { word: whole numbers, or bytes }.

import { BitLayout } from "../../../examples/web/js/bitstream/bit_layout.js";
import { packBoxes, readBoxes } from "../../../examples/web/js/bitstream/boxes.js";
import * as bits from "../../../examples/web/js/bitstream/bit_section.js";
import { concatenate, pack, parse } from "../../../examples/web/js/bitstream/container.js";
import * as factorized from "../../../examples/web/js/bitstream/factorized_section.js";
import * as hyperprior from "../../../examples/web/js/bitstream/hyperprior_sections.js";
import * as coder from "../../../examples/web/js/bitstream/range_coder.js";
import { readFile } from "../../../examples/web/js/bitstream/picture_reader.js";
import { writeFile } from "../../../examples/web/js/bitstream/picture_writer.js";
import * as quantizer from "../../../examples/web/js/bitstream/rate_distortion_quantizer.js";
import { packRows, unpackRows } from "../../../examples/web/js/bitstream/rows.js";
import { decodeVarint, encodeVarint } from "../../../examples/web/js/bitstream/varint.js";
import { CodecError } from "../../../examples/web/js/errors.js";
import { Grid } from "../../../examples/web/js/grid.js";
import * as pictureLines from "./picture_lines.mjs";
import { ToyNetworks } from "./toy_networks.mjs";

const lengthsOf = (parts) => parts.map((part) => part.length);

function cut(data, lengths) {
  let position = 0;
  return lengths.map((length) => data.subarray(position, (position += length)));
}

function bundleOf(check) {
  const [qualities, sectionCount, ...size] = check.numbers("bundle");
  return { qualities, sectionCount, fixedSize: size[0] ? size : null };
}

function bitLayout(check) {
  const [checkerboard, rows_per_stream, contextBits] = check.numbers("layout");
  const places = check.numbers("contexts");
  const contexts = Array.from({ length: places.length / contextBits }, (_, k) =>
    places.slice(k * contextBits, (k + 1) * contextBits).join(" "),
  );
  const [groups, sent] = [check.numbers("groups"), check.numbers("sent")];
  return new BitLayout({ groups, checkerboard, rows_per_stream, sent, contexts });
}

function hyperpriorLayout(check) {
  const [checkerboard, quincunx, hyper_channels] = check.numbers("layout");
  const weights = check.numbers("weights");
  return {
    groups: check.numbers("groups"),
    checkerboard,
    quincunx,
    hyper_channels,
    rows_per_stream: check.numbers("rows"),
    distortion_weights: weights.length ? weights : undefined,
  };
}

function hyperpriorParts(check) {
  const layout = hyperpriorLayout(check);
  const tables = { hyper_latents: check.tables("hyper_"), latents: check.tables() };
  const [height, width] = check.numbers("shape").map((side) => Math.ceil(side / 2));
  const [, , , features, skipped] = check.numbers("layout");
  const hyperLatents = new Grid(check.int32("hyper_values"), height, width, layout.hyper_channels);
  const scales = tables.latents.count;
  const choices = { features, skipped, scales, hyperLatents };
  return [new ToyNetworks(layout, check.number("quality"), choices), tables, layout];
}

function pictureOf(check, partial) {
  const lookup = (fingerprint) => {
    if (fingerprint === check.digits("fingerprint")) return pictureLines.bundleOf(check);
    throw new CodecError("another bundle wrote the file");
  };
  return readFile(check.bytes(), lookup, { maxPixels: check.number("max_pixels"), partial });
}

export const READS = {
  varint(check) {
    const bytes = check.bytes();
    const [value, end] = decodeVarint(bytes, 0);
    if (end !== bytes.length) throw new Error("bytes are left");
    return { value: [value] };
  },

  rows(check) {
    const streams = unpackRows(check.bytes(), check.numbers("lengths").length);
    return { lengths: lengthsOf(streams), streams: concatenate(streams) };
  },

  container(check) {
    const lookup = (fingerprint) => {
      if (fingerprint === check.digits("fingerprint")) return bundleOf(check);
      throw new CodecError("another bundle wrote the file");
    };
    const held = parse(check.bytes(), lookup, check.number("max_pixels"));
    return {
      holds: [held.quality, held.width, held.height],
      lengths: lengthsOf(held.sections),
      contents: concatenate(held.sections),
    };
  },

  boxes(check) {
    const boxes = [...readBoxes(check.bytes())];
    return {
      types: boxes.map(({ type }) => type.charCodeAt(0)),
      lengths: lengthsOf(boxes.map(({ payload }) => payload)),
      contents: concatenate(boxes.map(({ payload }) => payload)),
    };
  },

  pictures(check) {
    return pictureLines.answer(pictureOf(check, false));
  },

  cut_pictures(check) {
    const picture = pictureOf(check, true);
    return { ...pictureLines.answer(picture), whole: [Number(picture.whole)] };
  },

  range_coder(check) {
    return { values: coder.decode(check.bytes(), check.int32("index"), check.tables()) };
  },

  factorized(check) {
    const [tables, quality] = [check.tables(), check.number("quality")];
    const shape = check.numbers("shape");
    const grid = factorized.decodeSection(check.bytes(), quality, ...shape, tables);
    return { values: grid.data };
  },

  bits(check) {
    const [height, width] = check.numbers("shape");
    const [tables, layout] = [check.tables(), bitLayout(check)];
    const quality = check.number("quality");
    return { values: bits.decodeSection(check.bytes(), quality, height, width, tables, layout).data };
  },

  async dependent(check) {
    const sections = [check.bytes("hyper_bytes"), check.bytes()];
    const [height, width, channels] = check.numbers("shape");
    const [networks, tables, layout] = hyperpriorParts(check);
    const own = { sequence_hyper_latents: tables.hyper_latents, sequence_latents: tables.latents };
    const hyperSize = [height, width].map((side) => Math.ceil(side / 2));
    const before = {
      latents: new Grid(check.int32("before"), height, width, channels),
      hyper: new Grid(check.int32("hyper_before"), ...hyperSize, layout.hyper_channels),
    };
    const parts = [sections, check.number("quality"), height, width, networks, own, layout, before];
    return { values: (await hyperprior.decodeFrameSections(...parts)).latents.data };
  },

  async hyperprior(check) {
    const sections = [check.bytes("hyper_bytes"), check.bytes()];
    const [height, width] = check.numbers("shape");
    const quality = check.number("quality");
    const parts = hyperpriorParts(check);
    return {
      values: (await hyperprior.decodeSections(sections, quality, height, width, ...parts)).data,
    };
  },
};

/** What a section is read as of which only the first bytes are there. */
const CUT = {
  cut_factorized(check) {
    const [tables, quality] = [check.tables(), check.number("quality")];
    const shape = check.numbers("shape");
    const { data } = factorized.decodeSection(check.bytes(), quality, ...shape, tables, true);
    const passes = factorized.passEnds(check.bytes(), shape[0]);
    return { values: data, passes: passes ?? [], shown: [quality] };
  },

  cut_bits(check) {
    const [height, width] = check.numbers("shape");
    const [tables, layout] = [check.tables(), bitLayout(check)];
    const [section, quality] = [check.bytes(), check.number("quality")];
    const grid = bits.decodeSection(section, quality, height, width, tables, layout, true);
    const passes = bits.passEnds(section, quality, height, layout);
    const shown = bits.shownQuality(section, quality, height, layout);
    return { values: grid.data, passes: passes ?? [], shown: [shown] };
  },

  async cut_hyperprior(check) {
    const sections = [check.bytes("hyper_bytes"), check.bytes()];
    const [height, width] = check.numbers("shape");
    const quality = check.number("quality");
    const parts = hyperpriorParts(check);
    const grid = await hyperprior.decodeSections(sections, quality, height, width, ...parts, true);
    const passes = hyperprior.passEnds(sections[1], quality, height, hyperpriorLayout(check));
    return { values: grid.data, passes: passes ?? [], shown: [quality] };
  },
};
Object.assign(READS, CUT);

export const WRITES = {
  varint(check) {
    return { bytes: Uint8Array.from(encodeVarint(check.number("value"))) };
  },

  rows(check) {
    return { bytes: packRows(cut(check.bytes("streams"), check.numbers("lengths"))) };
  },

  container(check) {
    const [quality, width, height] = check.numbers("holds");
    const sections = cut(check.bytes("contents"), check.numbers("lengths"));
    const fingerprint = check.digits("fingerprint");
    const fixed = Boolean(bundleOf(check).fixedSize);
    return { bytes: pack({ fingerprint, quality, width, height, sections }, fixed) };
  },

  boxes(check) {
    const payloads = cut(check.bytes("contents"), check.numbers("lengths"));
    const types = check.numbers("types").map((code) => String.fromCharCode(code));
    return { bytes: packBoxes(types.map((type, k) => ({ type, payload: payloads[k] }))) };
  },

  pictures(check) {
    const fixed = Boolean(pictureLines.bundleOf(check).fixedSize);
    return { bytes: writeFile(pictureLines.pictureFrom(check), fixed) };
  },

  range_coder(check) {
    return { bytes: coder.encode(check.int32("values"), check.int32("index"), check.tables()) };
  },

  factorized(check) {
    const grid = new Grid(check.int32("values"), ...check.numbers("shape"));
    return { bytes: factorized.encodeSection(grid, check.number("quality"), check.tables()) };
  },

  bits(check) {
    const grid = new Grid(Uint8Array.from(check.numbers("values")), ...check.numbers("shape"));
    const [tables, layout] = [check.tables(), bitLayout(check)];
    return { bytes: bits.encodeSection(grid, check.number("quality"), tables, layout) };
  },

  rate_distortion(check) {
    const shifts = quantizer.thresholdShifts(check.tables(), check.number("weights"));
    const [means, index] = [check.numbers("means"), check.numbers("index")];
    const values = Array.from(check.floats("latents"), (latent, k) =>
      quantizer.quantize(latent - means[k] / 8, index[k], shifts),
    );
    return { values };
  },

  async hyperprior(check) {
    const latents = new Grid(check.floats("latents"), ...check.numbers("shape"));
    const quality = check.number("quality");
    const made = await hyperprior.encodeSections(latents, quality, ...hyperpriorParts(check));
    return { hyper_bytes: made[0], bytes: made[1] };
  },
};
