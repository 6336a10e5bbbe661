"use strict";
(() => {
  const left = document.querySelector("time[data-seconds]");
  if (!left) return;
  const end = performance.now() + Number(left.dataset.seconds) * 1000;
  const tick = () => {
    const seconds = Math.max(0, Math.round((end - performance.now()) / 1000));
    left.textContent = Math.floor(seconds / 60) + ":" + String(seconds % 60).padStart(2, "0");
    if (seconds === 0) { clearInterval(timer); location.reload(); }
  };
  const timer = setInterval(tick, 1000);
})();
