// Sequences: all frames, played with their durations on one canvas.
//
// Frames arrive one after another, and what is there is played; a frame that is not there yet is
// waited for.

const element = (id) => document.getElementById(id);

let playing = null; // the sequence on view

class Sequence {
  /** canvas: to draw on. durations: milliseconds of each frame. loops: 0 for ever. */
  constructor(canvas, durations, loops) {
    Object.assign(this, { canvas, durations, loops });
    this.frames = [];
    this.number = 0;
    this.played = 0;
    this.timer = null;
    this.waits = true; // for a frame that is to come
  }

  /** Takes the next frame: ImageData. */
  add(frame) {
    this.frames.push(frame);
    if (this.frames.length === 1) this.show(0);
    if (this.waits) this.start();
  }

  show(number) {
    this.number = number;
    this.canvas.getContext("2d").putImageData(this.frames[number], 0, 0);
    element("position").value = number;
    element("frame-number").textContent = `${number + 1} of ${this.durations.length}`;
  }

  start() {
    clearTimeout(this.timer);
    this.waits = false;
    this.timer = setTimeout(() => this.step(), this.durations[this.number]);
    showWhetherPlaying();
  }

  stop() {
    clearTimeout(this.timer);
    this.timer = null;
    this.waits = false;
    showWhetherPlaying();
  }

  step() {
    const next = (this.number + 1) % this.durations.length;
    if (next === 0 && ++this.played === this.loops) return this.stop();
    if (next < this.frames.length) {
      this.show(next);
      return this.start();
    }
    this.timer = null;
    this.waits = true;
  }

  get isPlaying() {
    return this.timer !== null || this.waits;
  }
}

/** Plays a sequence; gives what takes its frames with `add`. */
export function play(canvas, durations, loops) {
  stopPlaying();
  playing = new Sequence(canvas, durations, loops);
  element("position").max = durations.length - 1;
  element("player").hidden = false;
  showWhetherPlaying();
  return playing;
}

/** Takes the sequence on view away. */
export function stopPlaying() {
  playing?.stop();
  playing = null;
  element("player").hidden = true;
}

function showWhetherPlaying() {
  element("play").textContent = playing?.isPlaying ? "Pause" : "Play";
}

element("play").addEventListener("click", () => {
  if (playing.isPlaying) return playing.stop();
  playing.played = 0;
  if (playing.number === playing.durations.length - 1) playing.show(0);
  playing.start();
});
element("position").addEventListener("input", (event) => {
  playing.stop();
  playing.show(Math.min(Number(event.target.value), playing.frames.length - 1));
});
