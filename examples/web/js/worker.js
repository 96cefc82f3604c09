// The codec on a thread of its own, so that the page never freezes.
//
// A classic worker, because LiteRT.js starts its WebAssembly with importScripts, which module
// workers don't have. Requests: { id, verb, ... }; answers: { id, result } or { id, error,
// expected }, where `expected` says that the message is for the person at the page.

const service = import("./runtime/service.js");
let queue = Promise.resolve();

self.onmessage = ({ data: { id, verb, request } }) => {
  queue = queue.then(() => answer(id, verb, request));
};

async function answer(id, verb, request) {
  try {
    const { handlers } = await service;
    const result = await handlers[verb](request);
    const { rgba, bytes, picture } = result;
    const moved = [rgba, bytes, picture?.rgba].flatMap((array) => array?.buffer ?? []);
    self.postMessage({ id, result }, moved);
  } catch (error) {
    self.postMessage({ id, error: error.message, expected: error.name === "CodecError" });
  }
}
