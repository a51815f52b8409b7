# The page of roster-report: a history of runs (an-sync-records(5)), a line each, as HTML with its pictures inside.
# Of what stands in a record nothing but numbers, dates and, with $names, the source's name gets into the page.
# Takes: -nR and -r; $names, true or false; $last, of how many runs, 0 for all; the statuses and their meanings, in turn, as arguments.

def MEANING: [$ARGS.positional | _nwise(2) | {key: .[0], value: .[1]}] | from_entries;
def ON_PAGE: 20; # runs in the table
def WIDTH: 360; # of a picture, in the units of all below; a phone shows one as a pixel
def LEFT: 42;
def RIGHT: 8;

def refuse($line; $why): "line \($line): \($why)\n" | halt_error(65);

# ---- the runs ----

def number: if type == "number" and . >= 0 and . < 1e12 then floor else 0 end;
def seconds: if type == "string" then (try fromdateiso8601 catch null) else null end;

# A run as it is drawn. How many members there were when it ended: those of the roster, with what was acknowledged.
# An audit knows the roster's members, too; an adoption begins with Action Network's people instead.
def drawn:
  (.acknowledged | if type == "object" then . else {} end | {new, updated, lapsed} | map_values(number)) as $done |
  (.summary | if type == "object" then . else null end) as $summary |
  {id: "\(.id) \(.started) \(.source)", at: (.finished | seconds), status: (.status | number), failed: (.failed | number),
    source: (.source | if type == "string" then . else "" end), summed: ($summary != null),
    skipped: ($summary.skipped | number), held: ($summary.held | number), others: ($summary.others | number),
    members: (
      if $summary == null or ((.source == "audit" or .source == "repair") and .export_date == null) then null
      elif .adopted == true then $summary.newer | number
      else [($summary.older | number) + $done.new - $done.lapsed, 0] | max end)} + $done;

# A run has two lines, of which the last one counts: it comes after one that says 75.
def read_runs:
  reduce (foreach inputs as $text ([0, ""]; [.[0] + 1, $text]) | . as [$line, $text] | $text | select(test("\\S")) |
    (try fromjson catch null) | if type == "object" then . else refuse($line; "not a JSON object") end |
    select(.run) | if .run | type == "object" then .run else refuse($line; "the run is not an object") end |
    drawn | if .at then . else refuse($line; "the run has no date on which it finished") end) as $run ({};
    .[$run.id] |= if .[-1].status == 75 then .[:-1] + [$run] else . + [$run] end) |
  [.[][]] | sort_by(.at) | .[-$last:];

# ---- words ----

def grouped: tostring | [while(length > 0; .[:-3]) | .[-3:]] | reverse | join(",");
def of($one; $many): if . == 1 then "1 \($one)" else "\(grouped) \($many)" end;
def day: strftime("%e %b %Y") | ltrimstr(" ");
def minute: strftime("%Y-%m-%d %H:%M");
def outcome: .status as $status | MEANING[$status | tostring] // "status \($status)";
def bad: .status > 1;

# ---- pictures ----

# A coordinate: a tenth is enough, but of bars that touch.
def place: . * 10 | round / 10;
def finely: . * 100 | round / 100;

# The first of these, times a power of ten, that is not less: steps of an axis, and where one ends.
def round_up(figures): if . <= 1 then 1 else pow(10; log10 | floor) as $power | (. / $power) as $part |
  (first(figures | select(. >= $part)) // 10) * $power end;
def nice: round_up(1, 2, 5, 10);
def roof: round_up(1, 2, 3, 4, 5, 6, 8, 10);

def text_at($x; $y; $anchor; $text): "<text x=\"\($x | place)\" y=\"\($y | place)\" text-anchor=\"\($anchor)\">\($text)</text>";
def rule($y): "<path class=\"rule\" d=\"M\(LEFT) \($y | place)H\(WIDTH - RIGHT)\"/>";

# The first and the last day, below the axis.
def days($runs; $y): text_at(LEFT; $y; "start"; $runs[0].at | day),
  (select(($runs[0].at | day) != ($runs[-1].at | day)) | text_at(WIDTH - RIGHT; $y; "end"; $runs[-1].at | day));

def picture($height; $says; parts):
  "<svg viewBox=\"0 0 \(WIDTH) \($height)\" role=\"img\" aria-label=\"\($says | @html)\">", parts, "</svg>";

# The members, by the time. Its axis does not begin at 0: a chapter's week would not be seen.
def line_of_members($runs):
  180 as $height | 12 as $top | 152 as $bottom |
  [$runs[] | select(.members)] as $known |
  ([$known[].members] | [min, max]) as [$least, $most] |
  ([($most - $least) / 3, 1] | max | nice) as $step |
  ($least / $step | floor * $step) as $low |
  ([$most / $step | ceil * $step, $low + $step] | max) as $high |
  ([$runs[-1].at - $runs[0].at, 1] | max) as $span |
  def x: if $runs[0].at == $runs[-1].at then (LEFT + WIDTH - RIGHT) / 2
    else LEFT + 4 + (.at - $runs[0].at) / $span * (WIDTH - LEFT - RIGHT - 8) end;
  def y: $bottom - (. - $low) / ($high - $low) * ($bottom - $top);
  picture($height; "From \($known[0].members | grouped) to \($known[-1].members | of("member"; "members"))";
    (range($low; $high + $step / 2; $step) | rule(y), text_at(LEFT - 6; y + 4; "end"; round | grouped)),
    "<path class=\"line\" d=\"M\([$known[] | "\(x | place) \(.members | y | place)"] | join("L"))\"/>",
    ($known[] | "<circle cx=\"\(x | place)\" cy=\"\(.members | y | place)\" r=\"\(if $known | length > 80 then 1 else 2.5 end)\"><title>\(.at | day): \(.members | of("member"; "members"))</title></circle>"),
    ($runs[] | select(bad) | "<g class=\"bad\"><path d=\"M\(x - 3 | place) \($bottom - 3)l6 6m0-6l-6 6\"/><title>\(.at | day): \(outcome | @html)</title></g>"),
    days($runs; $height - 8));

# Up to where the bars go: the tenth of the runs that had most to do may go beyond it, or the first sync would leave
# nothing to be seen of the others.
def ceiling: sort | .[-1] as $most | .[(length - 1) * 0.9 | floor] as $usual |
  if $most > 3 * $usual and $usual > 0 then $usual * 1.5 else $most end | roof;

# A bar a run, the oldest on the left. Many of them touch, or what is between them would pale them.
def bars($runs; count; $what):
  120 as $height | 16 as $top | 96 as $bottom |
  [$runs[] | count] as $counts | ($counts | ceiling) as $high |
  ((WIDTH - LEFT - RIGHT) / ($runs | length)) as $slot | (if $slot < 3 then $slot + 0.1 else [$slot * 0.75, 24] | min end) as $width |
  ([$counts[] | select(. > $high)] | length) as $beyond |
  picture($height; "\($counts | add | grouped) \($what) in \($runs | length | of("run"; "runs"))";
    ($high, 0 | ($bottom - . / $high * ($bottom - $top)) as $y | rule($y), text_at(LEFT - 6; $y + 4; "end"; grouped)),
    (range($runs | length) as $i | $counts[$i] | select(. > 0) |
      (LEFT + $slot * ($i + 0.5)) as $middle | ([. / $high, 1] | min * ($bottom - $top)) as $tall |
      "<g><rect x=\"\($middle - $width / 2 | finely)\" y=\"\($bottom - $tall | place)\" width=\"\($width | finely)\" height=\"\([$tall, 1] | max | place)\"/><title>\($runs[$i].at | day): \(grouped) \($what)</title></g>",
      (select(. > $high) |
        "<path class=\"cut\" d=\"M\($middle - $width / 2 - 2 | place) \($top + 14)l\($width + 4 | place) -6\"/>",
        (select($beyond <= 3) | text_at([[$middle, LEFT + 14] | max, WIDTH - RIGHT - 14] | min; $top - 5; "middle"; grouped)))),
    days($runs; $height - 8));

def figure($class; $title; picture): "<figure class=\"\($class)\"><figcaption>\($title)</figcaption>", picture, "</figure>";

# ---- the page ----

def style: "
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --line: #d0d7de; --page: #fff;
  --members: #1b1f24; --new: #0072b2; --updated: #56b4e9; --lapsed: #e69f00; --failed: #d55e00 }
@media screen and (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --soft: #9aa4af; --line: #3a424c; --page: #14181d; --members: #e6edf3; --new: #4aa3df } }
* { box-sizing: border-box }
body { font: 16px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--page); margin: 0 auto; padding: 16px;
  max-width: 980px }
h1 { font-size: 1.6em; line-height: 1.2; margin: 0 0 4px } h2 { font-size: 1.15em; margin: 28px 0 8px }
p { margin: 4px 0 } .soft, figcaption small, footer { color: var(--soft) } footer { font-size: .85em; margin-top: 24px }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 330px), 1fr)); gap: 20px 28px }
figure { margin: 0; break-inside: avoid } .wide { grid-column: 1 / -1; max-width: 640px } figcaption { font-weight: 600 }
figcaption small { font-weight: 400 } svg { display: block; width: 100%; height: auto; font-size: 11px; overflow: visible }
svg text { fill: var(--soft) } .rule { stroke: var(--line); stroke-width: 1 } .line { fill: none; stroke: var(--members);
  stroke-width: 2; stroke-linejoin: round } circle { fill: var(--members) } .bad path { stroke: var(--failed); stroke-width: 2 }
.cut { stroke: var(--page); stroke-width: 3 } .new rect { fill: var(--new) } .updated rect { fill: var(--updated) }
.lapsed rect { fill: var(--lapsed) } .failed rect { fill: var(--failed) }
@media (min-width: 600px) { .wide svg { font-size: 6.5px } }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums } tr { break-inside: avoid }
th, td { text-align: right; padding: 4px 8px; border-bottom: 1px solid var(--line) } th { font-weight: 600 }
th:first-child, td:first-child, .left { text-align: left; overflow-wrap: anywhere } .troubled { font-weight: 600 }
@media screen and (max-width: 600px) {
  thead { position: absolute; left: -9999px } table, tbody { display: block }
  tr { display: grid; grid-template-columns: repeat(6, 1fr); border-bottom: 1px solid var(--line); padding: 8px 0 }
  td { border: 0; padding: 0 } td:first-child, td.left { grid-column: span 3 } td.source { grid-column: 1 / -1 }
  td.left { text-align: right; order: -1 } td:first-child { order: -2 } td.source { text-align: left; order: 1 }
  td[data-is] { text-align: left; font-size: .92em } td[data-is]::before { content: attr(data-is); display: block; font-size: .72em;
    color: var(--soft) } }
@media print { section { break-inside: avoid } .wide { max-width: 440px } .wide svg { font-size: 9px } body { font-size: 11pt; padding: 0; max-width: none } .pictures { grid-template-columns: 1fr 1fr }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact } }";

def cell($name): "<td data-is=\"\($name)\">\(grouped)</td>";

def table($runs):
  "<section><h2>The last runs</h2>",
  "<table><thead><tr><th>Finished (UTC)<th>new<th>updated<th>lapsed<th>failed<th>skipped<th>held<th class=\"left\">outcome\(if $names then "<th class=\"left\">source" else "" end)</tr></thead><tbody>",
  ($runs[-ON_PAGE:] | reverse[] |
    "<tr><td>\(.at | minute)</td>" +
    ([(.new | cell("new")), (.updated | cell("updated")), (.lapsed | cell("lapsed")), (.failed | cell("failed")),
      (.skipped | cell("skipped")), (.held | cell("held"))] | join("")) +
    "<td class=\"left\(if bad then " troubled" else "" end)\">\(outcome | @html)</td>" +
    (if $names then "<td class=\"left source\">\(.source | @html)</td>" else "" end) + "</tr>"),
  "</tbody></table></section>";

# What the last export had that was not synced.
def left_out($runs):
  [$runs[] | select(.summed)] | last // empty | select(.skipped + .held + .others > 0) |
  "<p>In the last export " + ([
    (.skipped | select(. > 0) | "\(of("row was"; "rows were")) skipped"),
    (.held | select(. > 0) | "\(of("member stays"; "members stay")) as they are because of that"),
    (.others | select(. > 0) | "\(of("row is of somebody who is no member"; "rows are of people who are no members"))")] | join(", ")) + ".</p>";

def summary($runs):
  ([$runs[] | select(.members)] | if length > 0 then [first, last] else null end) as $known |
  "<h1>\(if $known then $known[1].members | of("member"; "members") else "No members yet" end)</h1>",
  ($known | select(. and .[0].at < .[1].at) | .[1].members - .[0].members |
    "<p>\(if . == 0 then "As many as" elif . > 0 then "\(grouped) more than" else "\(-. | grouped) fewer than" end) on \($known[0].at | day).</p>"),
  ($runs | last // empty | "<p>The last run finished on \(.at | day): <b>\(outcome | @html)</b>.</p>"),
  left_out($runs);

def pictures($runs):
  "<div class=\"pictures\">",
  (select(any($runs[]; .members)) | figure("wide"; "Members" +
    (if any($runs[]; bad) then " <small>(×: a run that was refused or not finished)</small>" else "" end); line_of_members($runs))),
  figure("new"; "New, each run"; bars($runs; .new; "new")),
  figure("updated"; "Updated, each run"; bars($runs; .updated; "updated")),
  figure("lapsed"; "Lapsed, each run"; bars($runs; .lapsed; "lapsed")),
  figure("failed"; "Failed, each run"; bars($runs; .failed; "failed")),
  "</div>";

read_runs as $runs |
"<!DOCTYPE html>", "<html lang=\"en\">", "<meta charset=\"utf-8\">",
"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">",
"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
"<title>Membership</title>", "<style>\(style)</style>", "<body>",
summary($runs),
(select($runs | length > 0) | "<h2>What happened</h2>", pictures($runs), table($runs)),
"<footer>an-sync's history: \($runs | length | of("run"; "runs")), of which the table shows the last \([ON_PAGE, ($runs | length)] | min). Made on \(now | minute) UTC.</footer>",
"</body>", "</html>"
