"use strict";
(function () {
  var all = function (selector, root) { return Array.prototype.slice.call((root || document).querySelectorAll(selector)); };
  all("table[data-sort]").forEach(function (table) {
    var body = table.tBodies[0];
    var choice = document.getElementById("sort");
    var buttons = [];
    all("thead th", table).forEach(function (head, column) {
      var button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.textContent = "";
      head.appendChild(button);
      buttons.push(button);
      button.addEventListener("click", function () {
        var number = head.classList.contains("n");
        var down = head.getAttribute("aria-sort") ? head.getAttribute("aria-sort") === "ascending" : number;
        var value = function (row) {
          var cell = row.cells[column];
          var text = cell.getAttribute("data-v");
          if (text === null) { text = cell.textContent; }
          return number ? Number(text) : text.toLowerCase();
        };
        var rows = all("tr", body).map(function (row, at) { return { row: row, key: value(row), at: at }; });
        rows.sort(function (a, b) {
          var order = a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
          return (down ? -order : order) || a.at - b.at;
        });
        rows.forEach(function (entry) { body.appendChild(entry.row); });
        all("thead th", table).forEach(function (other) { other.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        choice.value = String(column);
      });
    });
    // A narrow page has no heads to click.
    var first = all("tr", body);
    choice.addEventListener("change", function () {
      if (choice.value) { buttons[Number(choice.value)].click(); return; }
      first.forEach(function (row) { body.appendChild(row); });
      all("thead th", table).forEach(function (head) { head.removeAttribute("aria-sort"); });
    });
  });
  // Links from a rule to its samples, if the page has them.
  all("tr[data-rule]").forEach(function (row) {
    var samples = document.getElementById("rule-" + row.getAttribute("data-rule"));
    if (!samples) { return; }
    var code = row.querySelector("th code");
    var link = document.createElement("a");
    link.href = "#" + samples.id;
    link.addEventListener("click", function () { samples.open = true; });
    code.parentNode.insertBefore(link, code);
    link.appendChild(code);
  });
  var tools = document.getElementById("tools");
  if (tools) {
    tools.hidden = false;
    var text = document.getElementById("filter");
    var severity = document.getElementById("severity");
    var shown = document.getElementById("shown");
    var rows = all("#rules-table tbody tr");
    var filter = function () {
      var words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
      var count = 0;
      rows.forEach(function (row) {
        var content = row.textContent.toLowerCase();
        var fits = (!severity.value || row.getAttribute("data-s") === severity.value) &&
          words.every(function (word) { return content.indexOf(word) >= 0; });
        row.hidden = !fits;
        count += fits ? 1 : 0;
      });
      shown.textContent = count + " of " + rows.length + " rules shown";
    };
    text.addEventListener("input", filter);
    severity.addEventListener("change", filter);
    filter();
  }
  all(".copy").forEach(function (box) {
    var button = box.querySelector("button");
    button.hidden = false;
    button.addEventListener("click", function () {
      var pre = box.querySelector("pre");
      var range = document.createRange();
      range.selectNodeContents(pre);
      var selection = window.getSelection();
      selection.removeAllRanges();
      selection.addRange(range);
      var say = function (word) { button.textContent = word; };
      if (navigator.clipboard) {
        navigator.clipboard.writeText(pre.textContent).then(function () { say("Copied"); }, function () { say("Selected"); });
      } else {
        say(document.execCommand("copy") ? "Copied" : "Selected");
      }
    });
  });
  window.addEventListener("beforeprint", function () {
    all("details").forEach(function (part) { part.open = true; });
  });
}());
