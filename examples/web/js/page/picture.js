// Pictures of the page: files that the browser reads, and canvases.

import { CodecError } from "../errors.js";

/** A PNG, JPEG, WebP ... file -> { name, bytes, width, height, rgba, canvas }. */
export async function readPicture(file) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    throw new CodecError(
      `${file.name} is neither a .tfcomp file nor a picture this browser reads.`,
    );
  }
  const canvas = blankCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  // A canvas holds premultiplied colours: of one that is hardly seen a few bits are lost.
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { width, height } = canvas;
  const rgba = context.getImageData(0, 0, width, height).data;
  return { name: file.name, bytes: file.size, width, height, rgba, canvas };
}

/** RGBA pixels on a canvas. */
export function canvasOf(rgba, width, height) {
  const canvas = blankCanvas(width, height);
  canvas.getContext("2d").putImageData(new ImageData(rgba, width, height), 0, 0);
  return canvas;
}

/** Peak signal-to-noise ratio of the colours of two RGBA arrays, where the first is seen, in dB. */
export function psnr(one, other) {
  let sum = 0;
  let seen = 0;
  for (let k = 0; k < one.length; k += 4) {
    if (one[k + 3] === 0) continue;
    for (let c = k; c < k + 3; c++) sum += (one[c] - other[c]) ** 2;
    seen += 3;
  }
  return 10 * Math.log10(255 ** 2 / (sum / seen));
}

function blankCanvas(width, height) {
  return Object.assign(document.createElement("canvas"), { width, height });
}
