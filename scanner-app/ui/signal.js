// Sound and touch: one long for yes, three short for no, two for "look".

const PATTERNS = {
  admit: { tones: [[880, 0, 0.3]], touch: [400] },
  refuse: { tones: [[196, 0, 0.12], [196, 0.18, 0.12], [196, 0.36, 0.12]], touch: [90, 70, 90, 70, 90] },
  attention: { tones: [[523, 0, 0.14], [659, 0.2, 0.14]], touch: [180, 90, 180] },
};
const VOLUME = 0.25;
let audio;

export function signal(kind, isMuted) {
  const { tones, touch } = PATTERNS[kind];
  navigator.vibrate?.(touch);
  if (isMuted || !window.AudioContext) return;
  try {
    audio ??= new AudioContext();
    audio.resume();
    for (const [hertz, from, seconds] of tones) {
      const tone = audio.createOscillator();
      const volume = audio.createGain();
      tone.frequency.value = hertz;
      volume.gain.value = VOLUME;
      tone.connect(volume).connect(audio.destination);
      tone.start(audio.currentTime + from);
      tone.stop(audio.currentTime + from + seconds);
    }
  } catch {
    // A device without sound still has colour, shape and word.
  }
}
