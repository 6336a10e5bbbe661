// A code that turns: this phone makes a chain, has its end signed once, and shows a link of it
// every 30 seconds. After the activation it needs no network. The seed never leaves the phone.
"use strict";
(() => {
  const STEP_MS = 30000;
  const LINK = 16;
  // Links kept on the way down, so that the next step costs few hashes.
  const MARK_EVERY = 64;
  // Looks whether the ticket moved to another phone: one turn in so many, spread over the turn.
  const LOOK_EVERY = 10;
  const DOMAIN = new TextEncoder().encode("TKT1.chain\0");
  const page = location.pathname;
  const KEPT = `gatehouse-chain:${page}`;
  const PENDING = `gatehouse-chain-pending:${page}`;
  const figure = document.getElementById("turning");
  const note = document.getElementById("turning-note");
  const button = document.getElementById("activate");
  const left = document.getElementById("turning-left");
  if (!figure) return;

  const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const fromHex = (text) => Uint8Array.from(text.match(/../g) || [], (pair) => parseInt(pair, 16));
  const read = (key) => {
    try { return JSON.parse(localStorage.getItem(key)); } catch { return null; }
  };
  const say = (text) => { note.textContent = text; note.hidden = !text; };

  // x_{i-1} from x_i.
  const before = async (chain, step, link) => {
    const input = new Uint8Array(DOMAIN.length + 16 + 3 + 1 + 2 + LINK);
    input.set(DOMAIN);
    input.set(fromHex(chain.event), 11);
    input.set([chain.serial >> 16, chain.serial >> 8, chain.serial, chain.generation, step >> 8, step], 27);
    input.set(link, 33);
    return new Uint8Array(await crypto.subtle.digest("SHA-256", input)).subarray(0, LINK);
  };

  let marks = { of: "", at: new Map() };
  const linkAt = async (chain, wanted) => {
    if (marks.of !== chain.seed) marks = { of: chain.seed, at: new Map([[chain.steps, fromHex(chain.seed)]]) };
    const { at } = marks;
    let step = Math.min(...[...at.keys()].filter((mark) => mark >= wanted));
    let link = at.get(step);
    while (step > wanted) {
      link = await before(chain, step, link);
      step -= 1;
      if (step % MARK_EVERY === 0) at.set(step, link);
    }
    return link;
  };

  // 7 bytes to 17 digits; a tail of 5 bytes to 13: 117 bytes are 285 digits.
  const digits = (bytes) => {
    let text = "";
    for (let at = 0; at < bytes.length; at += 7) {
      const group = bytes.subarray(at, at + 7);
      text += BigInt(`0x${toHex(group)}`).toString().padStart(group.length === 7 ? 17 : 13, "0");
    }
    return text;
  };

  const codeAt = async (chain, step) => {
    const bytes = new Uint8Array(117);
    bytes.set(fromHex(chain.signed));
    bytes.set([step >> 8, step], 99);
    bytes.set(await linkAt(chain, step), 101);
    return digits(bytes);
  };

  const draw = (text) => {
    const NS = "http://www.w3.org/2000/svg";
    const { side } = gatehouseQr;
    const svg = document.createElementNS(NS, "svg");
    svg.setAttribute("viewBox", `0 0 ${side} ${side}`);
    svg.setAttribute("shape-rendering", "crispEdges");
    const ground = document.createElementNS(NS, "path");
    ground.setAttribute("d", `M0 0h${side}v${side}h-${side}z`);
    ground.setAttribute("fill", "#ffffff");
    const dark = document.createElementNS(NS, "path");
    dark.setAttribute("d", gatehouseQr.path(text));
    dark.setAttribute("fill", "#000000");
    svg.append(ground, dark);
    figure.replaceChildren(svg);
  };

  let held = read(KEPT);
  let shown = 0;
  let timer = 0;
  const stepNow = () => {
    const step = Math.floor((Date.now() - held.notBefore) / STEP_MS);
    return Math.min(Math.max(step, 1), held.steps);
  };

  const turn = async () => {
    clearTimeout(timer);
    if (!held) return;
    const step = stepNow();
    if (step !== shown) {
      const chain = held;
      if (chain.code) document.getElementById("typed").textContent = chain.code;
      const text = await codeAt(chain, step);
      if (chain !== held) return;
      draw(text);
      shown = step;
      document.body.dataset.step = String(step);
      if (Math.random() < 1 / LOOK_EVERY) setTimeout(() => refresh().catch(() => {}), Math.random() * STEP_MS);
    }
    const passed = (Date.now() - held.notBefore) % STEP_MS;
    left.hidden = false;
    left.value = Math.ceil((STEP_MS - (passed < 0 ? passed + STEP_MS : passed)) / 1000);
    timer = setTimeout(turn, 1000 - (Date.now() % 1000) + 20);
  };

  const drop = () => {
    held = null;
    shown = 0;
    localStorage.removeItem(KEPT);
    figure.replaceChildren();
    left.hidden = true;
    delete document.body.dataset.step;
  };

  // The seed is stored before the anchor leaves: an answer that is lost can be asked for again.
  const activate = async (offer) => {
    button.hidden = true;
    say("One moment…");
    let chain = read(PENDING);
    if (!chain || chain.generation !== offer.generation) {
      chain = {
        event: offer.event, serial: offer.serial, generation: offer.generation,
        notBefore: offer.notBefore, steps: offer.steps,
        seed: toHex(crypto.getRandomValues(new Uint8Array(LINK))),
      };
      localStorage.setItem(PENDING, JSON.stringify(chain));
    }
    const anchor = toHex(await linkAt(chain, 0));
    const answer = await fetch(`${page}/chain`, {
      method: "POST", cache: "no-store", credentials: "omit",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ generation: chain.generation, anchor }),
    });
    if (!answer.ok) {
      const error = await answer.json().catch(() => ({}));
      if (error.code === "activated_elsewhere") localStorage.removeItem(PENDING);
      say(error.message || "This did not work. Load the page again.");
      return;
    }
    const { signed, code } = await answer.json();
    held = { ...chain, signed, code };
    localStorage.setItem(KEPT, JSON.stringify(held));
    localStorage.removeItem(PENDING);
    say("");
    await turn();
  };

  const refresh = async () => {
    let offer;
    try {
      const answer = await fetch(`${page}/chain`, { cache: "no-store", credentials: "omit" });
      if (!answer.ok) return;
      offer = await answer.json();
    } catch {
      if (!held) say("The code of this ticket needs a connection once, to be made on this phone.");
      return;
    }
    // Another tab of this phone may have been faster.
    held = held || read(KEPT);
    if (held && held.generation === offer.active) {
      button.hidden = true;
      say("");
      await turn();
      return;
    }
    if (held) drop();
    const pending = read(PENDING);
    if (!offer.open) {
      const opens = new Date(offer.opensAt);
      say(opens > Date.now() ? `The code appears here from ${opens.toLocaleString()}.` : "");
    } else if (pending && pending.generation === offer.active) {
      await activate({ ...offer, generation: pending.generation });
    } else if (offer.active === null) {
      await activate(offer);
    } else {
      say("The code of this ticket is on another phone or browser. It can move here; the other one stops working.");
      button.hidden = false;
      button.onclick = () => activate(offer).catch(failed);
    }
  };

  const failed = () => say("No connection. The code is made as soon as there is one.");
  if (!(globalThis.crypto && crypto.subtle)) {
    say("This page must be opened at its https address to make the code.");
    return;
  }
  const look = () => turn().then(refresh).catch(failed);
  addEventListener("online", look);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") look();
  });
  look();
})();
