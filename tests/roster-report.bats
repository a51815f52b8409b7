#!/usr/bin/env bats
# roster-report and an-sync report: the page that is made of the history.

load helpers

# A history of N weekly runs, the first of which sends everybody; each run has its two lines.
history_of() {
  jq -nc --argjson runs "$1" 'range($runs) as $i | (1700000000 + $i * 604800 | todate) as $date |
    (if $i == 0 then 4000 else 10 + $i % 7 end) as $new |
    {id: $date, started: $date, finished: $date, source: "export-\($i).eml", status: 0, sent: true,
      summary: {older: (if $i == 0 then 0 else 4000 + $i end), newer: 0, unchanged: 0, new: $new, updated: 3, lapsed: 2,
        skipped: 5, held: 1, others: 7}} |
    {run: (. + {status: 75, acknowledged: {new: 0, updated: 0, lapsed: 0}, failed: 0, deferred: 0})},
    {run: (. + {acknowledged: {new: $new, updated: 3, lapsed: (if $i == 0 then 0 else 2 end)}, failed: ($i % 2), deferred: 0})}'
}

# The page, whose elements must close as they open: a line for each, and for each text.
elements() {
  python3 -B -c '
import html.parser, sys
class Page(html.parser.HTMLParser):
    open, text = [], []
    def handle_starttag(self, tag, attributes):
        if tag not in ("meta", "th"):
            self.open.append(tag)
        print(tag, *(f"{k}={v}" for k, v in attributes))
    def handle_endtag(self, tag):
        while self.open[-1] != tag and self.open[-1] in ("p", "th", "b"):
            self.open.pop()
        if self.open.pop() != tag:
            sys.exit(f"</{tag}> closes nothing")
    def handle_startendtag(self, tag, attributes):
        print(tag, *(f"{k}={v}" for k, v in attributes))
    def handle_data(self, text):
        if text.strip():
            print("text", text.strip())
page = Page()
page.feed(sys.stdin.read())
page.close()
if page.open:
    sys.exit(f"left open: {page.open}")'
}

@test "roster-report: 3, 60 and 300 runs are a bar each, of numbers that the history has" {
  for runs in 3 60 300; do
    history_of $runs >history
    run -0 --separate-stderr roster-report history
    [ -z "$stderr" ]
    elements <<<"$output" >page
    [ "$(grep -c '^text .* new$' page)" -eq "$runs" ]
    [ "$(grep -c '^circle ' page)" -eq "$runs" ]
    has "$(cat page)" "text an-sync's history: $runs run" 'text In the last export 5 rows were skipped, 1 member stays'
  done
  has "$(cat page)" 'text 4,312 members' 'text 312 more than on 14 Nov 2023.' 'text 7 Aug 2029'
}

@test "roster-report: no bar leaves its picture, and the first sync does not hide the others" {
  history_of 60 | roster-report | elements >page
  python3 - <<'END'
tall = []
for line in open("page"):
    if line.startswith("rect "):
        box = dict(part.split("=") for part in line.split()[1:])
        x, y, width, height = (float(box[name]) for name in ("x", "y", "width", "height"))
        assert x >= 42 and x + width <= 352.1 and y >= 15.9 and abs(y + height - 96) < 1.1, line
        tall.append(height)
assert tall[0] == 80 and all(height > 10 for height in tall[1:60]), tall
END
  grep -q '^text 4,000$' page
  # What the bars of the new, the updated, the lapsed and the failed go up to.
  for high in 30 3 2 1; do
    [ "$(sed '/^text The last runs/q' page | grep -cx "text $high")" -eq 1 ]
  done
}

@test "roster-report: many bars touch, so that their colour is not paled" {
  history_of 300 | roster-report | elements >page
  python3 - <<'END'
boxes = [dict(part.split("=") for part in line.split()[1:]) for line in open("page") if line.startswith("rect ")][:300]
for left, right in zip(boxes, boxes[1:]):
    assert 0 <= float(left["x"]) + float(left["width"]) - float(right["x"]) < 0.2, (left, right)
END
}

@test "roster-report: nothing but numbers, dates and, asked for, the source's name gets into the page, and no markup" {
  jq -nc '{run: {id: "<i>1", started: "<i>2", finished: "2026-11-16T06:00:12Z", source: "<script>a&b\"\u0027.eml", status: 0,
    message_id: "<rosa@example.org>", summary: {older: "<b>", newer: 4, skipped: "<u>"}, acknowledged: {new: "<s>"},
    failed: "<em>", group: {url: "https://<a>", key: "salt"}}}' >history
  run -0 --separate-stderr roster-report history
  for bad in '<i>' '<script' '<u>' '<s>' '<em>' '<a>' rosa salt .eml http:; do
    [[ $output != *"$bad"* ]]
  done
  run -0 --separate-stderr roster-report --names history
  has "$(elements <<<"$output")" "text <script>a&b\"'.eml"
  [[ $output != *'<script'* && $output != *rosa* ]]
}

@test "roster-report: it loads nothing, runs nothing, and forbids both" {
  history_of 3 | roster-report --names >page
  has "$(cat page)" "default-src 'none'; style-src 'unsafe-inline'"
  ! grep -Eiq '<(script|link|img|iframe|object|use|image)|(src|href)=|url\(|@import| on[a-z]+=' page
}

@test "roster-report: of a run's two lines the last one counts, and one without is not finished" {
  history_of 2 >history
  head -n 3 history | roster-report | elements >page
  has "$(cat page)" 'text ok' 'text not finished' 'history: 2 runs'
  [ "$(grep -c 'text 2023-11' page)" -eq 2 ]
}

@test "roster-report: a refused run is a cross, an audit is no count of members, records of others are passed over" {
  {
    history_of 2
    echo '{"summary":{"older":1}}'
    jq -nc '{run: {started: "b", finished: "2023-12-01T00:00:00Z", source: "export.eml", status: 65, sent: false}},
      {run: {started: "c", finished: "2023-12-02T00:00:00Z", source: "audit", status: 1, sent: false, summary: {older: 9, newer: 9}}}'
  } | roster-report | elements >page
  has "$(cat page)" 'g class=bad' 'text 1 Dec 2023: refused' 'text 4,010 members' 'history: 4 runs'
  [ "$(grep -c '^circle ' page)" -eq 2 ]
}

@test "roster-report: --last shows only the last runs" {
  history_of 9 | roster-report --last 4 | elements >page
  has "$(cat page)" 'history: 4 runs'
  ! grep -q '14 Nov 2023' page
}

@test "roster-report: a history without a run is a page, too" {
  run -0 --separate-stderr roster-report </dev/null
  has "$(elements <<<"$output")" 'text No members yet' '0 runs'
}

@test "roster-report: a line that is no run's is named, and no page is written" {
  { history_of 1; echo '[1]'; } >history
  run -65 --separate-stderr roster-report history
  [ -z "$output" ] && [ "$stderr" = 'roster-report: line 3: not a JSON object' ]
  run -65 --separate-stderr roster-report <<<'{"run":{"finished":"yesterday"}}'
  [ "$stderr" = 'roster-report: line 1: the run has no date on which it finished' ]
  run -65 --separate-stderr roster-report <<<'{"run":[]}'
  has "$stderr" 'line 1: the run is not an object'
}

@test "roster-report: a full disk, a missing file and wrong usage have their statuses" {
  history_of 3 >history
  run -74 --separate-stderr bash -c 'roster-report history >/dev/full'
  has "$stderr" 'No space left'
  run -74 --separate-stderr roster-report nowhere
  [ "$stderr" = 'roster-report: nowhere: cannot be read' ]
  run -74 roster-report .
  run -64 roster-report history history
  run -64 roster-report --last 0
  run -64 roster-report --nonsense
  run -0 --separate-stderr roster-report --help
  has "$output" 'usage: roster-report'
  run -0 roster-report --version
  [ "$output" = "roster-report (an-sync) $(csv-diff -V | sed 's/.* //')" ]
}

@test "roster-report: a browser shows no more than the width of a phone" {
  type -P chromium >/dev/null || skip 'no chromium (scripts/install-deps --browser)'
  history_of 60 | roster-report --names >page.html
  # The frame's own width is told by its document.
  cat >frame.html <<'END'
<body><iframe id=f src=page.html width=360 height=600></iframe><p id=says>
<script>f.onload = () => { const root = f.contentDocument.documentElement
  says.textContent = `wide: ${root.scrollWidth} of ${root.clientWidth}` }</script>
END
  run -0 --separate-stderr timeout 60 chromium --headless --no-sandbox --disable-gpu --allow-file-access-from-files \
    --user-data-dir="$PWD/chromium" --virtual-time-budget=5000 --dump-dom "file://$PWD/frame.html"
  [[ $output =~ wide:\ ([0-9]+)\ of\ ([0-9]+) ]]
  [ "${BASH_REMATCH[1]}" -le "${BASH_REMATCH[2]}" ]
}

@test "an-sync report: makes the page of the configured roster, and needs no key" {
  history_of 3 | roster-commit >/dev/null
  run -0 --separate-stderr an-sync report
  [ -z "$stderr" ]
  has "$output" '<!DOCTYPE html>' 'history: 3 runs'
  [[ $output != *export-* ]]
  run -0 --separate-stderr an-sync --names report 1
  has "$output" 'export-2.eml' 'history: 1 run,'
  run -64 an-sync report none
  run -64 an-sync report 1 2
}
