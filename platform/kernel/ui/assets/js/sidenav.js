// On a phone the sections of the settings stand in one line: bring the current one into sight.
import { $ } from "./lib.js";

const nav = $(".settings > nav");
const here = nav && $("[aria-current]", nav);
if (here && nav.scrollWidth > nav.clientWidth) {
  const gap = here.getBoundingClientRect().left + here.offsetWidth / 2 - (nav.getBoundingClientRect().left + nav.clientWidth / 2);
  nav.scrollLeft += gap;
}
