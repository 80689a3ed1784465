// Shows what watch.py says, once a second. Text only ever becomes text: nothing is parsed as HTML.
"use strict";

const boxes = ["plain", "shoji"];
const happened = {
  delivered: "The mail is delivered",
  here: "Anna opens it here",
  phone: "Anna opens it on her phone",
  laptop: "Anna opens it on her laptop",
};
const factNames = [
  ["opened", "Opened"], ["times", "When"], ["addresses", "From"], ["programs", "With"],
  ["languages", "Reads"], ["recognised", "Known again"],
];
const ordinals = ["", "", " again", " a third time", " a fourth time", " a fifth time"];

let mail = new URLSearchParams(location.search).get("mail") || "newsletter";
let opening = 0;
let shown = "";

const $ = (selector, from = document) => from.querySelector(selector);
const column = (box) => $(`[data-box=${box}]`);

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

function open() {
  opening += 1;
  for (const box of boxes) $("iframe", column(box)).src = `/mail/${mail}/${box}?opening=${opening}`;
}

function choose(name) {
  mail = name;
  shown = "";
  open();
  refresh();
}

async function ask(what, button) {
  button.disabled = true;
  try {
    await fetch(`/api/${what}?mail=${mail}`, { method: "POST", headers: { "X-Demo": "1" } });
  } finally {
    button.disabled = false;
  }
  await refresh();
}

function factText(facts, name) {
  if (!facts) return null;
  const value = facts[name];
  if (name === "opened") return value === 1 ? "once" : `${value} times`;
  if (name === "recognised") return value ? "yes, by a mark left on the device" : "no";
  if (name === "times" && value.length > 4) return `${value.slice(0, 3).join(", ")} … ${value.at(-1)}`;
  return value.length ? value.join(", ") : null;
}

function showFacts(list, verdict) {
  list.replaceChildren(...factNames.map(([name, title]) => {
    const text = factText(verdict.facts, name);
    const pair = make("div", text ? "" : "unknown");
    pair.append(make("dt", "", title), make("dd", "", text || "unknown"));
    return pair;
  }));
}

function sawText(requests) {
  const saw = make("div", "saw");
  if (!requests.length) {
    saw.append(make("span", "nothing", "nothing"));
    return saw;
  }
  const first = requests[0];
  const parts = [first.who, first.address, first.language || "no language"];
  if (requests.some((request) => request.known_again)) parts.push("known again");
  saw.append(make("span", "who", `${counted(requests.length, "request")}: ${parts.join(" · ")}`));
  const pictures = make("span", "pictures");
  for (const name of new Set(requests.map((request) => request.picture))) {
    pictures.append(make("code", "", name), " ");
  }
  saw.append(pictures);
  return saw;
}

function showEvents(list, events) {
  const times = {};
  list.replaceChildren(...events.map((event) => {
    const item = make("li", event.requests.length ? "seen" : "unseen");
    times[event.what] = (times[event.what] || 0) + 1;
    const again = event.what === "delivered" ? "" : ordinals[times[event.what]] ?? " once more";
    const what = make("p", "what");
    what.append(make("time", "", event.clock), " ", (happened[event.what] || event.what) + again);
    item.append(what, sawText(event.requests));
    return item;
  }));
}

function counted(number, one) {
  return `${number} ${one}${number === 1 ? "" : "s"}`;
}

function noteText(state) {
  if (!state.report) return "As it came: its pictures load from the sender.";
  const blocked = state.report.trackers.filter((tracker) => tracker.action === "blocked").length;
  return `Rewritten on delivery: ${counted(state.points_to.length, "picture")} behind the screen`
    + (blocked ? `, ${counted(blocked, "tracker")} blocked.` : ".");
}

function showBox(box, state, about) {
  const place = column(box);
  place.dataset.kind = state.verdict.kind;
  $(".mailbox", place).textContent = state.mailbox;
  $(".subject", place).textContent = about.subject;
  $(".from", place).textContent = about.from;
  $("iframe", place).title = `The mail, ${box === "plain" ? "without" : "with"} Shoji`;
  $(".note", place).textContent = noteText(state);
  const sentence = $(".sentence", place);
  if (sentence.textContent !== state.verdict.sentence) sentence.textContent = state.verdict.sentence;
  showFacts($(".facts", place), state.verdict);
  showEvents($(".events", place), state.events);
  $(".points ul", place).replaceChildren(...state.points_to.map((url) => {
    const item = make("li");
    item.append(make("code", "", url));
    return item;
  }));
  $(".raw pre", place).textContent = state.raw.join("").trim() || "None.";
}

// The buttons stay when their state changes, or a keyboard would lose its place.
function showMails(mails) {
  const place = $("#mails");
  for (const each of place.children.length ? [] : mails) {
    const button = make("button", "", each.blurb.split(":")[0]);
    button.type = "button";
    button.title = each.blurb;
    button.value = each.id;
    button.addEventListener("click", () => choose(each.id));
    place.append(button);
  }
  for (const button of place.children) {
    button.setAttribute("aria-pressed", String(button.value === mail));
  }
}

async function refresh() {
  let text;
  try {
    text = await (await fetch(`/api/state?mail=${mail}`)).text();
  } catch {
    $("#ended").hidden = false;
    return;
  }
  $("#ended").hidden = true;
  if (text === shown) return;
  shown = text;
  const state = JSON.parse(text);
  showMails(state.mails);
  $(".sender").textContent = state.sender;
  const about = state.mails.find((each) => each.id === mail);
  for (const box of boxes) showBox(box, state.boxes[box], about);
}

for (const box of boxes) column(box).append($("#column").content.cloneNode(true));
$("#again").addEventListener("click", () => { open(); refresh(); });
$("#phone").addEventListener("click", (event) => ask("phone", event.currentTarget));
$("#deliver").addEventListener("click", async (event) => {
  await ask("deliver", event.currentTarget);
  open();
});
open();
refresh();
setInterval(() => { if (!document.hidden) refresh(); }, 700);
