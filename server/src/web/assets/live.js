// The live view of an event's gates: logs in, reads the stream, and keeps the page as it says.
// Tokens live in this script's memory only: never in an address, never in storage.
"use strict";
(() => {
  const main = document.querySelector(".live");
  const api = "/api/v1";
  const event = main.dataset.event;
  const $ = (id) => document.getElementById(id);
  const RETRY_MS = 2000;
  const SILENT_MS = 40000; // two heartbeats and then some
  const ALERTS_SHOWN = 100;
  const BOOKS_MS = 15000;

  let access = null;
  let refresh = null;
  let lastId = null;
  let state = null;

  const post = async (path, body) => {
    const answer = await fetch(api + path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      credentials: "omit",
    });
    const json = await answer.json().catch(() => ({}));
    if (!answer.ok) throw Object.assign(new Error(json.message || "That did not work."), { status: answer.status });
    return json;
  };

  const session = (tokens) => { access = tokens.accessToken; refresh = tokens.refreshToken; };

  $("login").addEventListener("submit", async (submit) => {
    submit.preventDefault();
    const form = submit.target;
    $("login-error").textContent = "";
    try {
      session(await post("/auth/login", { username: form.username.value, password: form.password.value }));
      form.password.value = "";
      $("login").hidden = true;
      $("live").hidden = false;
      $("headline").focus();
      follow();
      books();
    } catch (error) {
      $("login-error").textContent = error.message;
    }
  });

  $("login").querySelector("button").disabled = false;

  // After the event: what was signed off, and who may still have something to tell.
  const asked = async (body) => {
    const answer = await fetch(`${api}/events/${event}/gate/checkpoint`, {
      method: body ? "POST" : "GET",
      headers: { Authorization: `Bearer ${access}`, "Content-Type": "application/json" },
      body: body && JSON.stringify(body),
      cache: "no-store",
      credentials: "omit",
    });
    const json = await answer.json().catch(() => ({}));
    if (!answer.ok) throw Object.assign(new Error(json.message || "That did not work."), { status: answer.status });
    return json;
  };

  const entries = (count) => (count === 1 ? "1 entry" : `${number(count)} entries`);

  const showBooks = ({ endsAt, checkpoint, missing }) => {
    const isOver = Date.now() >= Date.parse(endsAt);
    $("books").hidden = !isOver;
    if (!isOver) return;
    const since = checkpoint ? checkpoint.devices.reduce((sum, of) => sum + of.since, 0) : 0;
    $("books-signed").textContent = checkpoint
      ? `Signed off at ${time(checkpoint.signedAt)}: ${entries(checkpoint.entries)}.${since ? ` ${number(since)} came later.` : ""}`
      : "The event is over, and nothing is signed off yet.";
    $("books-wait").hidden = missing.length === 0;
    const ticked = left();
    fill($("books-missing"), missing.map((of) => {
      const why = of.reason === "entries_pending" ? `${entries(of.pending)} not sent` : "not heard since the end";
      const box = element("input", "", { type: "checkbox", value: of.deviceId });
      box.checked = ticked.includes(of.deviceId);
      return element("li", element("label", [box, ` ${of.device}: ${why}`]));
    }));
  };

  const left = () => [...$("books-missing").querySelectorAll("input:checked")].map((box) => box.value);

  // Who may only watch is told that there is no such thing.
  const books = async () => {
    if (!access) return;
    try {
      showBooks(await asked());
    } catch (error) {
      if (error.status === 403 || error.status === 404) return;
    }
    setTimeout(books, BOOKS_MS);
  };

  $("books-sign").addEventListener("click", async () => {
    $("books-error").textContent = "";
    try {
      showBooks(await asked({ without: left() }));
    } catch (error) {
      $("books-error").textContent = error.message;
      if (error.status === 409) showBooks(await asked());
    }
  });

  const say = (connected, words) => {
    document.body.dataset.state = connected ? "ready" : "used";
    $("connection").textContent = words;
  };

  // Reads until the stream ends; the next round goes on where this one stopped.
  const read = async () => {
    const headers = { Accept: "text/event-stream", Authorization: `Bearer ${access}` };
    if (lastId) headers["Last-Event-ID"] = lastId;
    const stop = new AbortController();
    const answer = await fetch(`${api}/events/${event}/gate/live`, { headers, cache: "no-store", credentials: "omit", signal: stop.signal });
    if (!answer.ok) throw Object.assign(new Error(`HTTP ${answer.status}`), { status: answer.status });
    say(true, "Live");
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let silence = setTimeout(() => stop.abort(), SILENT_MS);
    let rest = "";
    try {
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return;
        clearTimeout(silence);
        silence = setTimeout(() => stop.abort(), SILENT_MS);
        rest += value;
        let end;
        while ((end = rest.indexOf("\n\n")) >= 0) {
          take(rest.slice(0, end));
          rest = rest.slice(end + 2);
        }
      }
    } finally {
      clearTimeout(silence);
    }
  };

  const follow = async () => {
    for (;;) {
      try {
        await read();
      } catch (error) {
        if (error.status === 401) {
          try {
            session(await post("/auth/refresh", { refreshToken: refresh }));
            continue;
          } catch (refused) {
            if (refused.status) return leave("Your session is over. Log in again.");
          }
        } else if (error.status === 404) {
          return leave("There is no such event, or it is not yours.");
        }
      }
      say(false, "Connection lost. Trying again…");
      await new Promise((later) => setTimeout(later, RETRY_MS));
    }
  };

  const leave = (words) => {
    access = refresh = lastId = state = null;
    $("live").hidden = true;
    $("login").hidden = false;
    $("login-error").textContent = words;
  };

  const take = (text) => {
    let name = "message";
    let data = "";
    for (const line of text.split("\n")) {
      if (line.startsWith("event:")) name = line.slice(6).trim();
      else if (line.startsWith("id:")) lastId = line.slice(3).trim();
      else if (line.startsWith("data:")) data += line.slice(5).trim();
    }
    if (!data) return;
    const said = JSON.parse(data);
    if (name === "state") {
      state = {
        event: said.event,
        total: said.total,
        gates: new Map(said.gates.map((gate) => [gate.index, gate])),
        devices: new Map(said.devices.map((device) => [device.deviceId, device])),
        alerts: new Map(said.alerts.map((alert) => [alert.id, alert])),
      };
    } else if (state) {
      if (said.total) state.total = said.total;
      for (const gate of said.gates || []) state.gates.set(gate.index, gate);
      for (const device of said.devices || []) state.devices.set(device.deviceId, device);
      for (const alert of said.alerts || []) state.alerts.set(alert.id, alert);
      for (const id of said.cleared || []) state.alerts.delete(id);
    }
    if (state) show(new Date(said.at));
  };

  const time = (at) => new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const ago = (at, now) => {
    if (!at) return "never";
    const seconds = Math.max(0, Math.round((now - new Date(at)) / 1000));
    if (seconds < 90) return `${seconds} s ago`;
    if (seconds < 5400) return `${Math.round(seconds / 60)} min ago`;
    return time(at);
  };
  const number = (value) => Number(value).toLocaleString();
  const words = (reason) => reason.replaceAll("_", " ");

  const element = (tag, content, attributes = {}) => {
    const made = document.createElement(tag);
    made.append(...[content].flat());
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  };

  const refusals = (refused) => {
    const all = Object.entries(refused).sort((a, b) => b[1] - a[1]);
    const sum = all.reduce((total, [, count]) => total + count, 0);
    return { sum, all };
  };

  const fill = (body, rows) => body.replaceChildren(...rows);

  const show = (now) => {
    const { total } = state;
    $("headline").textContent = state.event;
    $("admitted").textContent = number(total.admitted);
    $("inside").textContent = number(total.inside);
    $("rate").textContent = number(total.ratePerMinute);
    $("rate5").textContent = `${number(total.ratePerMinute5)} a minute over five minutes`;
    const refused = refusals(total.refused);
    $("refused").textContent = number(refused.sum);
    fill($("reasons"), refused.all.map(([reason, count]) => element("li", `${words(reason)}: ${number(count)}`)));
    $("reasons").hidden = refused.all.length === 0;
    $("more").textContent = `${number(total.exits)} out again · ${number(total.duplicates)} twice · ${number(total.forced)} forced · ${number(total.typed)} typed`;

    const alerts = [...state.alerts.values()].sort((a, b) => b.at.localeCompare(a.at)).slice(0, ALERTS_SHOWN);
    $("no-alerts").hidden = alerts.length > 0;
    $("alert-count").textContent = alerts.length ? `(${alerts.length})` : "";
    // Only what is new is read out.
    const known = new Set([...$("alerts").children].map((item) => item.dataset.id));
    const wanted = new Set(alerts.map((alert) => alert.id));
    for (const item of [...$("alerts").children]) if (!wanted.has(item.dataset.id)) item.remove();
    for (const alert of alerts.filter((of) => !known.has(of.id)).reverse()) {
      const kind = ["surge", "awaiting_confirmation", "silent_device", "wrong_clock"].includes(alert.kind) ? "note" : "bad";
      const item = element("li", [element("time", time(alert.at), { datetime: alert.at }), " ", alert.message], { class: kind, "data-id": alert.id });
      $("alerts").prepend(item);
    }

    fill($("gates"), [...state.gates.values()].sort((a, b) => a.index - b.index).map((gate) => {
      const { sum, all } = refusals(gate.refused);
      const why = all.map(([reason, count]) => `${words(reason)} ${number(count)}`).join(", ");
      return element("tr", [
        element("th", gate.gate, { scope: "row" }),
        element("td", `${number(gate.ratePerMinute)}`),
        element("td", number(gate.ratePerMinute5)),
        element("td", number(gate.admitted)),
        element("td", number(gate.inside)),
        element("td", [number(sum), why ? element("small", ` ${why}`) : ""]),
      ]);
    }));

    const gateNames = new Map([...state.gates.values()].map((gate) => [gate.gateId, gate.gate]));
    fill($("devices"), [...state.devices.values()].map((device) => {
      const silent = device.status === "ENROLLED" && (!device.lastSeenAt || now - new Date(device.lastSeenAt) > 180000);
      const status = device.status === "ENROLLED" ? (silent ? "silent" : "online") : device.status.toLowerCase();
      return element("tr", [
        element("th", device.device, { scope: "row" }),
        element("td", gateNames.get(device.gateId) || ""),
        element("td", element("span", status, { class: `pill ${status}` })),
        element("td", ago(device.lastSeenAt, now)),
        element("td", number(device.pending)),
        element("td", number(device.admitted)),
        element("td", `${number(device.forced)} / ${number(device.typed)}`),
        element("td", device.batteryPercent === null ? "–" : `${device.batteryPercent} %`),
      ]);
    }));
    $("at").textContent = `As of ${time(now)}`;
  };
})();
