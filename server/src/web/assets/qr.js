// QR codes for codes that turn: digits in numeric mode, version 7 at level M, nothing else.
// Drawn here, because the page must turn its code without a network.
"use strict";
globalThis.gatehouseQr = (() => {
  const SIZE = 45;
  const DIGITS = 285;
  const BLOCKS = 4;
  const BLOCK_DATA = 31;
  const BLOCK_CHECK = 18;
  const ALIGNMENT = [6, 22, 38];
  // Version 7 with its 12 check bits.
  const VERSION_BITS = 0x07c94;
  const QUIET = 4;

  const EXP = new Uint8Array(512);
  const LOG = new Uint8Array(256);
  for (let i = 0, x = 1; i < 255; i += 1) {
    EXP[i] = EXP[i + 255] = x;
    LOG[x] = i;
    x = (x << 1) ^ (x & 0x80 ? 0x11d : 0);
  }
  const times = (a, b) => (a && b ? EXP[LOG[a] + LOG[b]] : 0);

  // The product of (x - 2^i), the highest coefficient left out.
  const GENERATOR = (() => {
    let poly = [1];
    for (let i = 0; i < BLOCK_CHECK; i += 1) {
      const next = new Array(poly.length + 1).fill(0);
      poly.forEach((c, at) => {
        next[at] ^= c;
        next[at + 1] ^= times(c, EXP[i]);
      });
      poly = next;
    }
    return poly.slice(1);
  })();

  const checkBytes = (data) => {
    const rest = new Uint8Array(BLOCK_CHECK);
    for (const byte of data) {
      const factor = byte ^ rest[0];
      rest.copyWithin(0, 1);
      rest[BLOCK_CHECK - 1] = 0;
      GENERATOR.forEach((c, at) => { rest[at] ^= times(c, factor); });
    }
    return rest;
  };

  const dataBytes = (digits) => {
    const bits = [];
    const push = (value, count) => {
      for (let at = count - 1; at >= 0; at -= 1) bits.push((value >> at) & 1);
    };
    push(1, 4); // numeric
    push(digits.length, 10);
    for (let at = 0; at < digits.length; at += 3) push(Number(digits.slice(at, at + 3)), 10);
    push(0, 4); // end
    while (bits.length % 8) bits.push(0);
    const bytes = new Uint8Array(BLOCKS * BLOCK_DATA);
    bits.forEach((bit, at) => { bytes[at >> 3] |= bit << (7 - (at & 7)); });
    for (let at = bits.length / 8, even = true; at < bytes.length; at += 1, even = !even) {
      bytes[at] = even ? 0xec : 0x11;
    }
    return bytes;
  };

  const interleaved = (data) => {
    const blocks = [];
    for (let at = 0; at < BLOCKS; at += 1) {
      const block = data.slice(at * BLOCK_DATA, (at + 1) * BLOCK_DATA);
      blocks.push([...block, ...checkBytes(block)]);
    }
    const out = [];
    for (let at = 0; at < BLOCK_DATA + BLOCK_CHECK; at += 1) {
      for (const block of blocks) out.push(block[at]);
    }
    return out;
  };

  // Everything that is there before the data: null where data goes.
  const frame = () => {
    const rows = Array.from({ length: SIZE }, () => new Array(SIZE).fill(null));
    const set = (x, y, dark) => {
      if (x >= 0 && y >= 0 && x < SIZE && y < SIZE) rows[y][x] = dark ? 1 : 0;
    };
    for (let at = 0; at < SIZE; at += 1) {
      set(6, at, at % 2 === 0);
      set(at, 6, at % 2 === 0);
    }
    for (const [cx, cy] of [[3, 3], [SIZE - 4, 3], [3, SIZE - 4]]) {
      for (let y = -4; y <= 4; y += 1) {
        for (let x = -4; x <= 4; x += 1) {
          const ring = Math.max(Math.abs(x), Math.abs(y));
          set(cx + x, cy + y, ring !== 2 && ring !== 4);
        }
      }
    }
    ALIGNMENT.forEach((cx, i) => ALIGNMENT.forEach((cy, j) => {
      const last = ALIGNMENT.length - 1;
      if ((i === 0 && j === 0) || (i === 0 && j === last) || (i === last && j === 0)) return;
      for (let y = -2; y <= 2; y += 1) {
        for (let x = -2; x <= 2; x += 1) set(cx + x, cy + y, Math.max(Math.abs(x), Math.abs(y)) !== 1);
      }
    }));
    for (let at = 0; at < 18; at += 1) {
      const dark = (VERSION_BITS >> at) & 1;
      const a = SIZE - 11 + (at % 3);
      const b = Math.floor(at / 3);
      set(a, b, dark);
      set(b, a, dark);
    }
    putFormat(rows, 0);
    return rows;
  };

  const putFormat = (rows, mask) => {
    const data = mask; // level M is 00
    let rest = data;
    for (let at = 0; at < 10; at += 1) rest = (rest << 1) ^ ((rest >> 9) * 0x537);
    const bits = ((data << 10) | rest) ^ 0x5412;
    const bit = (at) => (bits >> at) & 1;
    for (let at = 0; at <= 5; at += 1) rows[at][8] = bit(at);
    rows[7][8] = bit(6);
    rows[8][8] = bit(7);
    rows[8][7] = bit(8);
    for (let at = 9; at < 15; at += 1) rows[8][14 - at] = bit(at);
    for (let at = 0; at < 8; at += 1) rows[8][SIZE - 1 - at] = bit(at);
    for (let at = 8; at < 15; at += 1) rows[SIZE - 15 + at][8] = bit(at);
    rows[SIZE - 8][8] = 1;
  };

  const MASKS = [
    (x, y) => (x + y) % 2 === 0,
    (x, y) => y % 2 === 0,
    (x) => x % 3 === 0,
    (x, y) => (x + y) % 3 === 0,
    (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0,
    (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
    (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
    (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
  ];

  const filled = (base, codewords, mask) => {
    const rows = base.map((row) => row.slice());
    let at = 0;
    let up = true;
    for (let right = SIZE - 1; right >= 1; right -= 2, up = !up) {
      if (right === 6) right = 5; // the timing column
      for (let step = 0; step < SIZE; step += 1) {
        const y = up ? SIZE - 1 - step : step;
        for (const x of [right, right - 1]) {
          if (base[y][x] !== null) continue;
          const bit = (codewords[at >> 3] >> (7 - (at & 7))) & 1;
          rows[y][x] = bit ^ (MASKS[mask](x, y) ? 1 : 0);
          at += 1;
        }
      }
    }
    putFormat(rows, mask);
    return rows;
  };

  // The standard's four rules: long runs, blocks, false finders, imbalance.
  const penalty = (rows) => {
    let points = 0;
    let dark = 0;
    const line = (cell) => {
      let run = 0;
      let text = "";
      for (let at = 0; at < SIZE; at += 1) {
        run = at > 0 && cell(at) === cell(at - 1) ? run + 1 : 1;
        if (run === 5) points += 3;
        if (run > 5) points += 1;
        text += cell(at);
      }
      for (const finder of ["10111010000", "00001011101"]) {
        for (let at = text.indexOf(finder); at >= 0; at = text.indexOf(finder, at + 1)) points += 40;
      }
    };
    for (let a = 0; a < SIZE; a += 1) {
      line((b) => rows[a][b]);
      line((b) => rows[b][a]);
      for (let b = 0; b < SIZE; b += 1) {
        dark += rows[a][b];
        if (a && b) {
          const sum = rows[a][b] + rows[a - 1][b] + rows[a][b - 1] + rows[a - 1][b - 1];
          if (sum === 0 || sum === 4) points += 3;
        }
      }
    }
    return points + 10 * Math.floor(Math.abs(dark / (SIZE * SIZE) - 0.5) * 20);
  };

  // Rows of 0 and 1, without the quiet zone.
  const modules = (digits) => {
    if (digits.length !== DIGITS || !/^[0-9]+$/.test(digits)) throw new Error("not a turning code");
    const base = frame();
    const codewords = interleaved(dataBytes(digits));
    let best = null;
    for (let mask = 0; mask < MASKS.length; mask += 1) {
      const rows = filled(base, codewords, mask);
      const points = penalty(rows);
      if (!best || points < best.points) best = { points, rows };
    }
    return best.rows;
  };

  // The `d` of one SVG path over a square of `side` units, quiet zone included.
  const side = SIZE + 2 * QUIET;
  const path = (digits) => modules(digits).map((row, y) => row
    .map((dark, x) => (dark ? `M${x + QUIET} ${y + QUIET}h1v1h-1z` : "")).join("")).join("");

  return { modules, path, side };
})();
