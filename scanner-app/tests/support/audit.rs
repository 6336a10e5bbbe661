//! Can everything on the screen be read? WCAG 2.2 AA contrast, and nothing out of sight.

use serde_json::{Value, json};

use super::driver::Window;

/// The least number of texts on any of our screens; fewer means that nothing was looked at.
const TEXTS_MIN: u64 = 4;

/// Answers `[number of texts, problems]`. Disabled controls are exempt, as WCAG has it.
const AUDIT: &str = r"
    const channel = (value) => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    const parse = (css) => { const [r, g, b, a = 1] = css.match(/[\d.]+/g).map(Number); return { r, g, b, a }; };
    const light = ({ r, g, b }) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
    const ground = (element) => {
      for (let at = element; at; at = at.parentElement) {
        const colour = parse(getComputedStyle(at).backgroundColor);
        if (colour.a === 1) return colour;
        if (colour.a > 0) return null;
      }
      return { r: 255, g: 255, b: 255 };
    };
    const contrast = (a, b) => {
      const [high, low] = [light(a), light(b)].sort((x, y) => y - x);
      return (high + 0.05) / (low + 0.05);
    };
    const problems = [];
    let texts = 0;
    const judge = (element, text, style) => {
      texts += 1;
      const size = parseFloat(style.fontSize);
      const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      const behind = ground(element);
      const found = behind && contrast(parse(style.color), behind);
      if (!found || found < (isLarge ? 3 : 4.5)) problems.push(`contrast ${found?.toFixed(2)}: ${text}`);
    };
    for (const element of document.querySelectorAll('body *')) {
      const box = element.getBoundingClientRect();
      if (!element.checkVisibility() || box.width <= 1 || element.matches(':disabled')) continue;
      const style = getComputedStyle(element);
      const text = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data.trim()).join(' ').trim();
      if (text) judge(element, text, style);
      if (element.placeholder) judge(element, element.placeholder, getComputedStyle(element, '::placeholder'));
      if (text || element.matches('input, textarea')) {
        const isInSight = box.top >= -1 && box.left >= -1 && box.bottom <= innerHeight + 1 && box.right <= innerWidth + 1;
        if (!isInSight) problems.push(`out of sight: ${text}`);
      }
      if (element.matches('button') && (box.height < 44 || box.width < 44)) problems.push(`small for a thumb: ${text}`);
    }
    const answer = document.getElementById('answer');
    if (answer.scrollHeight > answer.clientHeight + 1) problems.push('the answer needs scrolling');
    return [texts, problems];
";

pub(crate) fn assert_readable(window: &Window, what: &str) {
    let found = window.run(AUDIT, &json!([]));
    assert!(
        found[0].as_u64().is_some_and(|texts| texts >= TEXTS_MIN),
        "{what}: {found}"
    );
    assert_eq!(found[1], json!([]), "{what}");
}

/// Shows the scan screen of a device that is not set up, which then stays quiet.
pub(crate) fn open_scan_screen(window: &Window) {
    window.run(
        "document.getElementById('enrol').hidden = true;
         document.getElementById('bar').hidden = false;
         document.getElementById('scan').hidden = false;",
        &json!([]),
    );
    let ready = json!({
        "online": true, "pending": 0, "snapshotAgeSeconds": 5, "staleness": "fresh", "gate": "Gate B",
        "event": "River Festival", "notice": null,
    });
    page(
        window,
        "answer.showReady(); status.showStatus(arguments[0]);",
        &json!([ready]),
    );
}

/// Shows a verdict over a status.
pub(crate) fn show(window: &Window, verdict_and_status: &Value) {
    page(
        window,
        "answer.showVerdict(arguments[0], true, true); status.showStatus(arguments[1]);",
        verdict_and_status,
    );
}

/// Works with the page's own modules.
fn page(window: &Window, script: &str, arguments: &Value) {
    let script = format!(
        "const done = arguments[arguments.length - 1];
         Promise.all([import('./answer.js'), import('./status.js')])
           .then(([answer, status]) => {{ {script} }})
           .then(() => done('shown'), (error) => done(String(error)));"
    );
    assert_eq!(window.run_async(&script, arguments), "shown");
}

/// Opens the supervisor's panel over whatever is there, with a problem on it.
pub(crate) fn open_supervisor(window: &Window) {
    window.run(
        "document.getElementById('overrule').click();
         const problem = document.getElementById('supervise-problem');
         problem.textContent = 'Too many wrong PINs. Wait 60 seconds.';
         problem.hidden = false;",
        &json!([]),
    );
}

/// Opens the panel of other devices over whatever is there, as full as it gets, with a problem on it.
pub(crate) fn open_devices(window: &Window) {
    let script = "document.getElementById('supervise-close').click();
         const heard = Array.from({ length: 9 }, (_, at) => ({
           name: `North-western entrance, turnstile ${at}`, address: `192.168.100.${100 + at}:7411` }));
         const devices = page.setUpDevices({ call: async () => '', closed: () => {} });
         devices.show({ heard, missed: [] });
         devices.open();
         const problem = document.getElementById('devices-problem');
         problem.textContent = 'This is no address of a device. Write it like 192.168.1.20:7411.';
         problem.hidden = false;";
    let script = format!(
        "const done = arguments[arguments.length - 1];
         import('./devices.js').then((page) => {{ {script} }})
           .then(() => done('shown'), (error) => done(String(error)));"
    );
    assert_eq!(window.run_async(&script, &json!([])), "shown");
}
