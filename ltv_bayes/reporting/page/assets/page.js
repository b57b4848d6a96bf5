"use strict";
/* Marks in the navigation which section is being read, and lets the keyboard stop at boxes that scroll. */
(() => {
  const links = new Map([...document.querySelectorAll("nav a")].map((link) => [link.hash.slice(1), link]));
  const nav = document.querySelector("nav");
  let current = null;
  const see = () => {
    const line = Math.min(window.innerHeight * 0.3, 220);
    let found = [...links.keys()][0];
    for (const key of links.keys()) if (document.getElementById(key).getBoundingClientRect().top <= line) found = key;
    const end = document.documentElement;
    if (end.scrollTop > 0 && end.scrollTop + end.clientHeight >= end.scrollHeight - 2) found = [...links.keys()].pop();
    if (found === current) return;
    if (current) links.get(current).removeAttribute("aria-current");
    current = found;
    const link = links.get(found);
    link.setAttribute("aria-current", "location");
    if (nav.scrollWidth > nav.clientWidth) nav.scrollTo({ left: link.offsetLeft - 16 });
  };
  let waiting = false;
  window.addEventListener("scroll", () => {
    if (!waiting) requestAnimationFrame(() => { waiting = false; see(); });
    waiting = true;
  }, { passive: true });
  const stops = () => {
    for (const box of document.querySelectorAll(".box, figure")) {
      const scrolls = box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1;
      if (scrolls) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  };
  window.addEventListener("resize", () => { see(); stops(); });
  see();
  stops();
})();
