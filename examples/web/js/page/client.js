// The worker as asynchronous functions. After a failure that no file should cause, such as memory
// running out, its WebAssembly can't be trusted any more and a new worker takes over.

import { CodecError } from "../errors.js";

let worker = null;
let lastId = 0;
const waiting = new Map();

/** Asks the worker; `verb` is one of the handlers of runtime/service.js. */
export function ask(verb, request = {}) {
  worker ??= start();
  return new Promise((resolve, reject) => {
    waiting.set(++lastId, { resolve, reject });
    worker.postMessage({ id: lastId, verb, request });
  });
}

function start() {
  const made = new Worker(new URL("../worker.js", import.meta.url));
  made.onmessage = ({ data: { id, result, error, expected } }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) return resolve(result);
    reject(expected ? new CodecError(error) : new Error(error));
    if (!expected) restart();
  };
  made.onerror = (event) => {
    event.preventDefault();
    restart(event.message || "the codec could not be started");
  };
  return made;
}

function restart(reason = "the codec stopped") {
  worker.terminate();
  worker = null;
  for (const { reject } of waiting.values()) reject(new Error(reason));
  waiting.clear();
}
