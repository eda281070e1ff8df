// What pages do beyond what htmx does for them: news of changes, clocks, drafts, and a call when the person is needed.

// === News ===
// One tab holds the stream and hands on what it hears: browsers open few connections to a host, and each stream keeps one.

const KINDS = ["server", "connection", "install", "sign_in", "catalog", "providers", "clients", "settings"];
const others = "BroadcastChannel" in window ? new BroadcastChannel("keyferry") : null;
const tell = (kind) => document.body.dispatchEvent(new CustomEvent(`kf:${kind}`));
const heard = (kind) => { tell(kind); others?.postMessage(kind); };
if (others) others.onmessage = (message) => tell(message.data);

// What moves may have moved between the making of the page and the first word of the stream.
const catchUp = () => {
  const moving = document.querySelector("[data-moving]")?.dataset.moving;
  if (moving) tell(moving);
};

function listen() {
  const stream = new EventSource("/events");
  for (const kind of KINDS) stream.addEventListener(kind, () => heard(kind));
  stream.addEventListener("ready", catchUp);
  stream.addEventListener("reload", () => KINDS.forEach(heard));
  // Closed for good when the app has ended, or the session has: come again later.
  stream.addEventListener("error", () => {
    if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 5000);
  });
  // A connection that a page keeps would keep the page from being shown again at once.
  addEventListener("pagehide", () => stream.close());
}
if (navigator.locks) navigator.locks.request("keyferry-events", () => { listen(); return new Promise(() => {}); });
else listen();
// Another tab may hold the stream.
addEventListener("load", () => setTimeout(catchUp, 150));
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

// === Clocks ===

function length(seconds) {
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  const days = Math.floor(hours / 24);
  return days === 1 ? "1 day" : `${days} days`;
}

// A countdown shows seconds in its last hour.
function counted(seconds) {
  if (seconds < 60 || seconds >= 3600) return length(seconds);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

function tick() {
  const now = Date.now();
  for (const clock of document.querySelectorAll("time[data-time]")) {
    const ahead = Math.round((Date.parse(clock.dateTime) - now) / 1000);
    const text = ahead > 0
      ? `in ${clock.dataset.time === "count" ? counted(ahead) : length(ahead)}`
      : ahead > -5 ? "now" : `${length(-ahead)} ago`;
    if (clock.textContent !== text) clock.textContent = text;
  }
}
setInterval(tick, 1000);
document.addEventListener("htmx:after:swap", tick);
tick();

// === Forms ===
// A draft outlives a page that is left; a secret is never kept, nor a yes to a window. One press is one press.

const fields = (form) => [...form.elements].filter((field) =>
  field.name && field.name !== "agreed" && !["hidden", "password"].includes(field.type));
for (const form of document.querySelectorAll("form[data-draft]")) {
  const key = `draft ${form.dataset.draft}`;
  const kept = JSON.parse(sessionStorage.getItem(key) ?? "null");
  if (kept && !form.querySelector("[name=again], .wrong")) {
    for (const field of fields(form)) {
      const value = kept[`${field.name} ${field.type === "radio" ? field.value : ""}`];
      if (value === undefined) continue;
      if (typeof value === "boolean") field.checked = value;
      else field.value = value;
    }
  }
  form.addEventListener("input", () => {
    const draft = {};
    for (const field of fields(form)) {
      const boxed = ["checkbox", "radio"].includes(field.type);
      draft[`${field.name} ${field.type === "radio" ? field.value : ""}`] = boxed ? field.checked : field.value;
    }
    sessionStorage.setItem(key, JSON.stringify(draft));
  });
  form.addEventListener("submit", () => sessionStorage.removeItem(key));
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  event.submitter?.setAttribute("aria-busy", "true");
  if (!form.hasAttribute("hx-post")) form.dataset.sent = "1";
});
document.addEventListener("htmx:finally:request", () => {
  for (const busy of document.querySelectorAll("[aria-busy]")) busy.removeAttribute("aria-busy");
});

// What was looked for stays in the address, so that coming back finds it.
document.getElementById("search")?.addEventListener("input", (event) => {
  const query = new URLSearchParams(new FormData(event.currentTarget));
  history.replaceState(null, "", `?${query}`);
});

// === The log follows its end, unless one has scrolled away ===

const log = document.getElementById("log");
if (log) {
  log.scrollTop = log.scrollHeight;
  let follows = true;
  log.addEventListener("scroll", () => { follows = log.scrollHeight - log.scrollTop - log.clientHeight < 40; });
  new MutationObserver(() => {
    if (log.childElementCount > 2) document.getElementById("log-empty")?.remove();
    if (follows) log.scrollTop = log.scrollHeight;
  }).observe(log, { childList: true });
}

// === The person is needed ===

let needed = Number(document.getElementById("attention")?.dataset.count ?? 0);
document.addEventListener("htmx:after:swap", () => {
  const now = Number(document.getElementById("attention")?.dataset.count ?? 0);
  if (now > needed && document.hidden && window.Notification?.permission === "granted") {
    new Notification("Keyferry: sign in again", { body: "An account needs you. Its servers can't work until then.", tag: "keyferry" });
  }
  needed = now;
});
const ask = document.getElementById("notify");
if (ask && window.Notification?.permission === "default") {
  ask.hidden = false;
  ask.addEventListener("click", async () => { await Notification.requestPermission(); ask.hidden = true; });
}
