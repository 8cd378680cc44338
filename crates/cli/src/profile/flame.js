"use strict";
(() => {
  const svg = document.currentScript.closest("svg");
  const boxes = [...svg.querySelectorAll(".box")].map((box) => ({
    box,
    rect: box.querySelector("rect"),
    text: box.querySelector("text"),
    name: box.dataset.name,
    start: +box.dataset.start,
    end: +box.dataset.start + +box.dataset.ticks,
  }));
  const { left, width, letter } = Object.fromEntries(
    Object.entries(svg.dataset).map(([name, value]) => [name, +value]));
  const all = boxes.length > 0 ? boxes[0].end : 0;
  const found = svg.querySelector("#found");
  const reset = svg.querySelector("#reset");

  const label = (name, width) => {
    const room = Math.floor((width - 6) / letter);
    if (room < 3) return "";
    return name.length <= room ? name : name.slice(0, room - 1) + "…";
  };

  const show = (start, end) => {
    const scale = width / (end - start);
    for (const { box, rect, text, name, start: s, end: e } of boxes) {
      const [from, to] = [Math.max(s, start), Math.min(e, end)];
      const size = (to - from) * scale;
      box.style.display = size > 0 ? "" : "none";
      if (size <= 0) continue;
      const x = left + (from - start) * scale;
      rect.setAttribute("x", x);
      rect.setAttribute("width", Math.max(size - 0.5, 0.1));
      text.setAttribute("x", x + 3);
      text.textContent = label(name, size);
      box.classList.toggle("outside", s < start || e > end);
    }
    reset.style.display = end - start < all ? "" : "none";
  };

  const search = (words) => {
    let [ticks, seen] = [0, 0];
    for (const { box, name, start, end } of boxes) {
      const hit = words !== "" && name.toLowerCase().includes(words);
      box.classList.toggle("hit", hit);
      // Callers come first: what is within one that was found counts already.
      if (hit && start >= seen) {
        ticks += end - start;
        seen = end;
      }
    }
    found.textContent = words === "" ? "" :
      `“${words}”: ${(100 * ticks / Math.max(all, 1)).toFixed(1)} %`;
  };

  for (const { box, start, end } of boxes) {
    box.addEventListener("click", () => show(start, end));
  }
  reset.addEventListener("click", () => show(0, all));
  svg.querySelector("#search").addEventListener("click", () => {
    search((prompt("Part of a function's name:") ?? "").trim().toLowerCase());
  });
  for (const button of svg.querySelectorAll(".button")) button.classList.add("works");
  reset.style.display = "none";
})();
