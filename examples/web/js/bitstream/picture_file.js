// A whole .tfcomp file, of either format version, as picture_reader.js gives it and
// picture_writer.js takes it:
//
//   frames      at least one: {
//     images      what is coded (coded_image.js): one, or the tiles row after row
//     width, height
//     tileSide    in pixels; 0 where there are no tiles
//     grey        whether the picture has one channel
//     dependent   whether it can only be decoded after the frame before it
//     alpha       { png, premultiplied }, or null where it is opaque
//     duration    in milliseconds; 0 of a still
//   }
//   loops       how often a sequence is played, 0 for ever; null of a still
//   iccProfile, exif, xmp   Uint8Arrays, or null
//   version     of the format
//   whole       false where the file breaks off

/** The types of boxes that go with a picture, and what they are called here. */
export const METADATA = { c: "iccProfile", e: "exif", x: "xmp" };
/** The most bytes that one of them may have. */
export const METADATA_BYTES = 16 * 2 ** 20;
export const MAX_DURATION = 2 ** 31 - 1;

/** A still of one picture, with nothing else said. */
export function stillOf(image, alpha = null) {
  const { width, height } = image;
  const kind = { tileSide: 0, grey: false, dependent: false, alpha, duration: 0 };
  return pictureOf([{ images: [image], width, height, ...kind }]);
}

/** A file of frames, with nothing else said but `more`. */
export function pictureOf(frames, more = {}) {
  const nothing = { loops: null, iccProfile: null, exif: null, xmp: null };
  return { frames, ...nothing, version: 2, whole: true, ...more };
}

/** Whether version 1 can say all of it. */
export function fitsVersion1({ frames, loops, iccProfile, exif, xmp }) {
  const [{ images, tileSide, grey, alpha }] = frames;
  const more = [iccProfile, exif, xmp].some((part) => part?.length);
  return (
    frames.length === 1 &&
    loops === null &&
    !(more || tileSide || grey || alpha || images[0].fraction)
  );
}
