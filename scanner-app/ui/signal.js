// Sound and touch: one long for yes, three short for no, two for "look".

const PATTERNS = {
  admit: { tones: [[880, 0, 0.22]], touch: [250] },
  refuse: { tones: [[220, 0, 0.12], [220, 0.18, 0.12], [220, 0.36, 0.12]], touch: [90, 70, 90, 70, 90] },
  attention: { tones: [[520, 0, 0.14], [660, 0.2, 0.14]], touch: [150, 80, 150] },
};
let audio;

export function signal(kind, muted) {
  const pattern = PATTERNS[kind];
  navigator.vibrate?.(pattern.touch);
  if (muted || !window.AudioContext) return;
  try {
    audio ??= new AudioContext();
    for (const [hertz, from, seconds] of pattern.tones) {
      const tone = audio.createOscillator();
      const volume = audio.createGain();
      tone.frequency.value = hertz;
      volume.gain.value = 0.2;
      tone.connect(volume).connect(audio.destination);
      tone.start(audio.currentTime + from);
      tone.stop(audio.currentTime + from + seconds);
    }
  } catch {
    // A device without sound still has colour, shape and word.
  }
}
