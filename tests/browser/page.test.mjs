// `make page-test`: report.html in a real browser. The page of the samples and a page of hostile files are opened
// at the width of a desktop and of a phone, in light and in dark, and used with mouse, touch and keyboard.
//
// MUSTER names the program, CHROMIUM the browser, WORK the folder with node_modules, where pictures are kept.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

const { MUSTER, CHROMIUM, WORK } = process.env;
const project = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const required = createRequire(path.join(path.resolve(WORK), "package.json"));
const { chromium } = required("playwright-core");
const axe = readFileSync(required.resolve("axe-core/axe.min.js"), "utf8");

const DESK = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844 };
const VIEWS = [
  ["desk, light", { viewport: DESK, colorScheme: "light" }],
  ["desk, dark", { viewport: DESK, colorScheme: "dark" }],
  ["phone, light", { viewport: PHONE, colorScheme: "light", isMobile: true, hasTouch: true }],
  ["phone, dark", { viewport: PHONE, colorScheme: "dark", isMobile: true, hasTouch: true }],
];

let browser;
let folder;
const pages = {};

/** Runs the program in a separate folder; some rows are rejected, so it ends with 3. */
function check(name, options) {
  const out = spawnSync(path.resolve(MUSTER), ["check", ...options, "--out", name], { cwd: folder, encoding: "utf8" });
  assert.equal(out.status, 3, out.stdout + out.stderr);
  pages[name] = path.join(folder, name, "report.html");
}

/** A file whose values, header and name try all known attacks. */
function hostile() {
  // It leaves a mark if it runs; a file's name cannot hold a slash.
  const script = (mark) => `<script>window.owned='${mark}'</script>`;
  const image = "<img src=x onerror=\"window.owned='image'\">";
  const name = `"><img src=x onerror=window.owned='name'><script>window.owned='name'<:script>\u001b[31m\u202e=x.csv`;
  const values = [
    script("value"),
    image,
    "<svg onload=window.owned='svg'>",
    "javascript:window.owned='link'",
    "</style><style>body{display:none}</style>",
    "</title></pre></details></main>--><b>",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "\u001b[2J\u001b]0;owned\u0007",
    "\u202egnp.exe\u2066",
    "a\u200bb\u00a0c\u00ad",
  ];
  const header = ["legacyId", "name", "contact.email", script("header"), "\u001b[2J\u202e=h", "x\"><img src=x onerror=window.owned='h'>"];
  const quote = (cell) => `"${cell.replaceAll('"', '""')}"`;
  const rows = [header];
  values.forEach((value, at) => rows.push([`A${at}`, "n", value, "", value, ""]));
  values.forEach((value) => rows.push([value, "", value, "", "", ""]));
  values.forEach((value) => rows.push([value, "again", "a@example.nl", "", "", ""], [value, "again", "a@example.nl", "", "", ""]));
  rows.push(["B1", "n", "<b>".repeat(350_000), "", "", ""]);
  rows.push(["B2", "w".repeat(1_000_000), "a@example.nl", "", "", ""]);
  writeFileSync(path.join(folder, name), rows.map((row) => row.map(quote).join(",")).join("\n") + "\n");
  return [`accounts=${name}`, "--max-record", "4M"];
}

before(async () => {
  folder = mkdtempSync(path.join(path.resolve(WORK), "run-"));
  mkdirSync(path.join(WORK, "pictures"), { recursive: true });
  cpSync(path.join(project, "samples"), path.join(folder, "samples"), { recursive: true });
  const samples = ["samples/accounts.csv", "samples/users.csv"];
  check("samples-page", samples);
  // The same files, one column worse: the page against an earlier run.
  const users = path.join(folder, "samples/users.csv");
  writeFileSync(users, readFileSync(users, "latin1").replaceAll(",female,", ",vrouw,"), "latin1");
  check("against-page", [...samples, "--against", "samples-page"]);
  check("hostile-page", hostile());
  // Chromium's own sandbox does not run as root, as in containers.
  const args = process.getuid() === 0 ? ["--no-sandbox"] : [];
  browser = await chromium.launch({ executablePath: CHROMIUM, args });
});

after(async () => {
  await browser?.close();
  if (folder) rmSync(folder, { recursive: true });
});

/** Opens a page and records everything that it must not do. */
async function open(name, view, more = {}) {
  const context = await browser.newContext({ ...view, ...more });
  const page = await context.newPage();
  const asked = [];
  const said = [];
  page.on("request", (request) => asked.push(request.url()));
  page.on("console", (message) => said.push(message.text()));
  page.on("pageerror", (error) => said.push(String(error)));
  page.on("dialog", (dialog) => { said.push("a dialog"); dialog.dismiss(); });
  await page.addInitScript(() => {
    window.violations = [];
    document.addEventListener("securitypolicyviolation", (event) => window.violations.push(event.violatedDirective));
  });
  const url = pathToFileURL(pages[name]).href;
  await page.goto(url);
  const harmless = async () => {
    assert.deepEqual(asked, [url], "loads nothing but itself");
    assert.deepEqual(said, [], "logs nothing, fails nowhere");
    if (more.javaScriptEnabled === false) return;
    assert.equal(await page.evaluate(() => window.owned), undefined, "no planted script ran");
    assert.deepEqual(await page.evaluate(() => window.violations), [], "the policy had to stop nothing");
  };
  return { page, context, harmless };
}

const openAll = (page) => page.evaluate(() => document.querySelectorAll("details").forEach((part) => { part.open = true; }));

/** The texts of a column of the rules table, top down, of rows that are shown. */
const column = (page, at) => page.locator("#rules-table tbody tr").evaluateAll(
  (rows, at) => rows.filter((row) => row.checkVisibility()).map((row) => row.cells[at].dataset.v ?? row.cells[at].textContent), at);

for (const name of ["samples-page", "against-page", "hostile-page"]) {
  for (const [view, settings] of VIEWS) {
    describe(`${name}, ${view}`, () => {
      test("only shows itself, and does not overflow", async () => {
        const { page, context, harmless } = await open(name, settings);
        await openAll(page);
        await page.screenshot({ path: path.join(WORK, "pictures", `${name} ${view}.png`.replaceAll(/,? /g, "-")), fullPage: false });
        const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
        assert.ok(wide <= room, `${wide} of ${room} pixels`);
        // Nothing is cut off either: wider content scrolls in its box.
        const outside = await page.evaluate(() => [...document.querySelectorAll("main *, header *, footer *")]
          .filter((one) => one.checkVisibility() && !one.closest(".wide, svg, .skip") && one.getBoundingClientRect().right > window.innerWidth + 1)
          .map((one) => one.outerHTML.slice(0, 100)));
        assert.deepEqual(outside, []);
        await harmless();
        await context.close();
      });

      test("has no finding of axe", async () => {
        const { page, context, harmless } = await open(name, settings);
        await openAll(page);
        await page.evaluate(axe);
        const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
        const told = violations.map((one) => [one.id, one.help, one.nodes.length, one.nodes[0].html.slice(0, 200)]);
        assert.deepEqual(told, []);
        await harmless();
        await context.close();
      });
    });
  }
}

describe("the rules table", () => {
  test("sorts by clicks on its heads", async () => {
    const { page, context, harmless } = await open("samples-page", VIEWS[0][1]);
    const head = (name) => page.locator("#rules-table thead").getByRole("button", { name, exact: true });
    const numeric = (texts) => texts.map(Number);
    for (const [name, at] of [["Rows", 4], ["Share", 5], ["Distinct values", 6]]) {
      await head(name).click();
      const down = numeric(await column(page, at));
      assert.ok(down.length > 40 && down[0] > down.at(-1), `${name}: ${down}`);
      assert.deepEqual(down, [...down].sort((a, b) => b - a), `${name}, most first`);
      assert.equal(await page.locator("#rules-table th[aria-sort]").getAttribute("aria-sort"), "descending");
      await head(name).click();
      const up = numeric(await column(page, at));
      assert.deepEqual(up, [...up].sort((a, b) => a - b), `${name}, least first`);
      assert.equal(await page.locator("#rules-table th[aria-sort]").getAttribute("aria-sort"), "ascending");
    }
    for (const [name, at] of [["Code", 0], ["Column", 1], ["A sample", 7]]) {
      await head(name).click();
      const up = (await column(page, at)).map((text) => text.toLowerCase());
      assert.deepEqual(up, [...up].sort(), `${name}, alphabetical`);
    }
    await harmless();
    await context.close();
  });

  test("filters by text and severity, and says how many rules are shown", async () => {
    const { page, context, harmless } = await open("samples-page", VIEWS[0][1]);
    const all = (await column(page, 0)).length;
    await page.getByLabel("Filter").pressSequentially("INVALID users");
    const left = await page.locator("#rules-table tbody tr").filter({ visible: true }).allTextContents();
    assert.ok(left.length > 0 && left.length < all);
    assert.ok(left.every((text) => /invalid/.test(text) && /users/.test(text)), left);
    assert.equal(await page.getByRole("status").textContent(), `${left.length} of ${all} rules shown`);
    await page.getByLabel("Severity").selectOption("warning");
    assert.deepEqual(await column(page, 0), []);
    await page.getByLabel("Filter").fill("");
    const warnings = await column(page, 3);
    assert.ok(warnings.length > 0 && warnings.every((text) => text === "warning"), warnings);
    await page.getByLabel("Severity").selectOption("");
    assert.equal((await column(page, 0)).length, all);
    await page.getByLabel("Filter").fill("no such rule");
    assert.equal(await page.getByRole("status").textContent(), `0 of ${all} rules shown`);
    await harmless();
    await context.close();
  });

  test("sorts on a phone, where it has no heads, and goes back to its first order", async () => {
    const { page, context, harmless } = await open("samples-page", VIEWS[2][1]);
    assert.equal(await page.locator("#rules-table thead").isVisible(), false);
    const own = await column(page, 0);
    await page.getByLabel("Sort by").selectOption({ label: "Rows" });
    const rows = (await column(page, 4)).map(Number);
    assert.deepEqual(rows, [...rows].sort((a, b) => b - a));
    await page.getByLabel("Sort by").selectOption({ label: "Code" });
    const codes = await column(page, 0);
    assert.deepEqual(codes, [...codes].sort());
    await page.getByLabel("Sort by").selectOption("");
    assert.deepEqual(await column(page, 0), own);
    await harmless();
    await context.close();
  });

  test("links a rule to its samples", async () => {
    const { page, context, harmless } = await open("samples-page", VIEWS[0][1]);
    const rule = page.locator("#rules-table tbody tr", { hasText: "invalid-postal-code" }).first();
    await rule.getByRole("link").click();
    const samples = page.locator("details:target");
    assert.match(await samples.locator("summary").textContent(), /invalid-postal-code/);
    assert.equal(await samples.locator(".sample").first().isVisible(), true);
    assert.equal(await samples.locator(".sample pre mark").first().isVisible(), true);
    await harmless();
    await context.close();
  });
});

describe("other ways to use it", () => {
  test("works by keyboard alone", async () => {
    const { page, context, harmless } = await open("samples-page", VIEWS[0][1]);
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
    const box = await page.locator(".skip").boundingBox();
    assert.ok(box.x >= 0 && box.y >= 0, "the skip link is visible when it has the focus");
    const wanted = await page.evaluate(() => {
      const all = [...document.querySelectorAll("a, button, input, select, summary, [tabindex]")];
      return all.filter((one) => one.checkVisibility()).map((one, at) => { one.dataset.stop = at; return String(at); });
    });
    const reached = new Set();
    for (let at = 0; at < wanted.length + 5; at += 1) {
      const [stop, ring] = await page.evaluate(() => {
        const one = document.activeElement;
        return [one.dataset.stop, getComputedStyle(one).outlineStyle];
      });
      if (stop !== undefined) {
        reached.add(stop);
        assert.notEqual(ring, "none", "the focus is visible");
      }
      await page.keyboard.press("Tab");
    }
    assert.deepEqual(wanted.filter((stop) => !reached.has(stop)), []);
    await page.locator("#rules-table thead button").nth(4).focus();
    await page.keyboard.press("Enter");
    assert.equal(await page.locator("#rules-table th[aria-sort]").textContent(), "Rows");
    const closed = page.locator("details:not([open]) summary").first();
    await closed.evaluate((one) => { one.parentElement.dataset.opened = "yes"; });
    await closed.focus();
    await page.keyboard.press("Space");
    assert.equal(await page.locator("[data-opened]").evaluate((one) => one.open), true);
    await harmless();
    await context.close();
  });

  test("copies the next command", async () => {
    const { page, context, harmless } = await open("samples-page", VIEWS[0][1], { permissions: ["clipboard-read", "clipboard-write"] });
    await page.getByRole("button", { name: "Copy" }).last().click();
    await page.getByRole("button", { name: "Copied" }).waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    assert.match(copied, /^muster import accounts=\S*samples\/accounts\.csv users=\S*samples\/users\.csv$/);
    await harmless();
    await context.close();
  });

  test("prints within the paper's width, with all samples open", async () => {
    const { page, context, harmless } = await open("samples-page", VIEWS[1][1]);
    const paper = await page.pdf({ format: "A4" });
    assert.equal(paper.subarray(0, 5).toString(), "%PDF-");
    assert.ok(paper.length > 50_000, `${paper.length} bytes`);
    writeFileSync(path.join(WORK, "pictures", "samples.pdf"), paper);
    assert.equal(await page.locator("details:not([open])").count(), 0, "closed parts would not be printed");
    await page.emulateMedia({ media: "print" });
    await page.setViewportSize({ width: 718, height: 1000 });
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth));
    assert.equal(await page.locator("nav").isVisible(), false);
    assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(255, 255, 255)");
    await harmless();
    await context.close();
  });

  test("can be read without scripts", async () => {
    const { page, context, harmless } = await open("samples-page", VIEWS[0][1], { javaScriptEnabled: false });
    assert.equal(await page.locator("#tools").isVisible(), false, "tools that would not work are hidden");
    assert.equal(await page.getByRole("button").count(), 0);
    assert.ok((await page.locator("#rules-table tbody tr").count()) > 40);
    await harmless();
    await context.close();
  });

  test("links every section from the head, also the comparison", async () => {
    const { page, context, harmless } = await open("against-page", VIEWS[0][1]);
    const sections = await page.locator("main section > h2").allTextContents();
    const links = await page.getByRole("navigation").getByRole("link").evaluateAll((all) =>
      all.map((link) => document.querySelector(link.getAttribute("href")).textContent));
    assert.deepEqual(links, sections);
    assert.ok(sections.includes("Compared with the earlier run"));
    await harmless();
    await context.close();
  });
});
