// Adds passkeys, and logs in with one. Tokens live in this script's memory only: never in an address,
// never in storage.
"use strict";
(() => {
  const api = "/api/v1/auth";
  const $ = (id) => document.getElementById(id);

  let access = null;
  let refresh = null;

  const send = async (method, path, body) => {
    const headers = { "Content-Type": "application/json" };
    if (access) headers.Authorization = `Bearer ${access}`;
    const answer = await fetch(api + path, {
      method,
      headers,
      body: body && JSON.stringify(body),
      credentials: "omit",
      cache: "no-store",
    });
    const json = await answer.json().catch(() => ({}));
    if (!answer.ok) throw Object.assign(new Error(json.message || "That did not work. Try again."), { status: answer.status, code: json.code });
    return json;
  };

  // As `send`, for somebody who is logged in.
  const call = async (method, path, body) => {
    try {
      return await send(method, path, body);
    } catch (error) {
      if (error.status !== 401 || !refresh) throw error;
    }
    try {
      const token = refresh;
      access = null;
      keep(await send("POST", "/refresh", { refreshToken: token }));
    } catch (error) {
      forget();
      $("enter-error").textContent = "Your session is over. Log in again.";
      throw error;
    }
    return send(method, path, body);
  };

  const keep = (session) => {
    access = session.accessToken;
    refresh = session.refreshToken;
    $("who").textContent = session.user.displayName || session.user.username;
  };

  const forget = () => {
    access = refresh = null;
    $("list").replaceChildren();
    for (const form of document.querySelectorAll("form")) form.reset();
    $("in").hidden = true;
    $("out").hidden = false;
    $("done").hidden = true;
  };

  // Binary fields travel as base64url.
  const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const described = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

  const create = async (asked) => {
    const made = await navigator.credentials.create({
      publicKey: {
        ...asked,
        challenge: bytes(asked.challenge),
        user: { ...asked.user, id: bytes(asked.user.id) },
        excludeCredentials: described(asked.excludeCredentials),
      },
    });
    return {
      id: made.id,
      rawId: text(made.rawId),
      type: made.type,
      response: {
        clientDataJSON: text(made.response.clientDataJSON),
        attestationObject: text(made.response.attestationObject),
      },
    };
  };

  const get = async (asked) => {
    const shown = await navigator.credentials.get({
      publicKey: { ...asked, challenge: bytes(asked.challenge), allowCredentials: described(asked.allowCredentials) },
    });
    const { clientDataJSON, authenticatorData, signature, userHandle } = shown.response;
    return {
      id: shown.id,
      rawId: text(shown.rawId),
      type: shown.type,
      response: {
        clientDataJSON: text(clientDataJSON),
        authenticatorData: text(authenticatorData),
        signature: text(signature),
        userHandle: userHandle && text(userHandle),
      },
    };
  };

  // What browsers call their refusals, in words.
  const words = (error) => {
    if (error.name === "NotAllowedError") return "No passkey was used: it was cancelled, took too long, or this device has none for this site.";
    if (error.name === "InvalidStateError") return "This device has a passkey for your account already.";
    if (error.name === "SecurityError") return "Open this page at the site's own address: a passkey belongs to one address.";
    return error.message;
  };

  // Runs one step at a time: a second tap on a button does nothing.
  const step = (button, complaint, work) => async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    button.disabled = true;
    complaint.textContent = "";
    try {
      await work(event);
    } catch (error) {
      if (error.code === "code_wanted") {
        const field = event.target.querySelector(".code-field");
        field.hidden = false;
        field.querySelector("input").focus();
      }
      complaint.textContent = words(error);
    } finally {
      button.disabled = false;
    }
  };

  const onSubmit = (form, complaint, work) =>
    form.addEventListener("submit", step(form.querySelector("button"), complaint, () => work(form)));

  const say = (what) => {
    $("done").textContent = what;
    $("done").hidden = false;
  };

  const day = (at) => new Date(at).toLocaleDateString([], { year: "numeric", month: "long", day: "numeric" });

  const item = (passkey) => {
    const made = $("one").content.cloneNode(true).firstElementChild;
    const find = (selector) => made.querySelector(selector);
    find(".name").textContent = passkey.name;
    const used = passkey.lastUsedAt ? `last used on ${day(passkey.lastUsedAt)}` : "not used yet";
    find(".dates").textContent = `Added on ${day(passkey.createdAt)}, ${used}`;
    find(".rename input").value = passkey.name;
    const complaint = find(".wrong");
    onSubmit(find(".rename"), complaint, async (form) => {
      await call("PATCH", `/passkeys/${passkey.id}`, { name: form.elements.name.value });
      await list();
    });
    onSubmit(find(".remove"), complaint, async (form) => {
      await call("POST", `/passkeys/${passkey.id}/remove`, { password: form.elements.password.value });
      await list();
      say(`${passkey.name} was removed. It no longer opens your account.`);
    });
    return made;
  };

  const list = async () => {
    const { items } = await call("GET", "/passkeys");
    $("list").replaceChildren(...items.map(item));
    $("none").hidden = items.length > 0;
  };

  const arrive = async (session) => {
    keep(session);
    await list();
    $("out").hidden = true;
    $("in").hidden = false;
    $("headline").focus();
  };

  const optional = (input) => (input.value ? { code: input.value } : {});

  $("enter").addEventListener("click", step($("enter"), $("enter-error"), async () => {
    const { ceremony, publicKey } = await send("POST", "/login/passkey", {});
    const credential = await get(publicKey);
    await arrive(await send("POST", "/login/passkey/finish", { ceremony, credential }));
  }));

  onSubmit($("login"), $("login-error"), async (form) => {
    const { username, password, code } = form.elements;
    await arrive(await send("POST", "/login", { username: username.value, password: password.value, ...optional(code) }));
    form.reset();
  });

  onSubmit($("add"), $("add-error"), async (form) => {
    const { name, password, code } = form.elements;
    const { ceremony, publicKey } = await call("POST", "/passkeys", { password: password.value, ...optional(code) });
    const credential = await create(publicKey);
    const added = await call("POST", "/passkeys/finish", { ceremony, name: name.value, credential });
    form.reset();
    form.querySelector(".code-field").hidden = true;
    await list();
    say(`${added.name} was added. Next time, log in with it.`);
  });

  $("leave").addEventListener("click", async () => {
    const token = refresh;
    forget();
    $("enter").focus();
    // Whoever is offline has logged out of this page all the same.
    await send("POST", "/logout", { refreshToken: token }).catch(() => {});
  });

  $("login").querySelector("button").disabled = false;
  if (window.PublicKeyCredential && navigator.credentials) {
    $("enter").disabled = false;
  } else {
    $("unable").textContent = window.isSecureContext ? "This browser has no passkeys." : "Passkeys need https: open this page at the site's own address.";
    $("unable").hidden = false;
    $("add").querySelector("button").disabled = true;
  }
})();
