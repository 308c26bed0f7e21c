"""Gather what was recorded: truth.jsonl, and the table of README.md.

  table.py TESTDATA TRUTH NAME...

TRUTH is a folder with NAME.json for each capture that was recorded now. A
capture that was not keeps its line. NAMEs give the order.
"""
import json
import os
import sys

BEGIN, END = "<!-- the table: made by record/table.py -->", "<!-- end of the table -->"


def read_lines(name):
    if not os.path.exists(name):
        return {}
    with open(name, encoding="utf-8") as lines:
        return {stem(line["capture"]): line for line in map(json.loads, lines)}


def stem(capture):
    return capture.split(".", 1)[0]


def gather(testdata, recorded, names):
    lines = read_lines(os.path.join(testdata, "truth.jsonl"))
    for name in names:
        path = os.path.join(recorded, name + ".json")
        if os.path.exists(path):
            with open(path, encoding="utf-8") as text:
                lines[name] = json.load(text)
    return [lines[name] for name in names if name in lines]


def ends(flow):
    return " to ".join(flow[key] for key in ("client", "server") if key in flow)


def expectation(flow):
    """What a reader should report, in a few words."""
    words = [flow["outcome"]] if "outcome" in flow else []
    words.append(flow.get("selected") or "no version selected, %s offered" % flow["max"])
    if "alert" in flow:
        words.append("alert %s" % flow["alert"])
    words.append("%s by %s" % (flow["host"], flow["host_source"]) if "host" in flow else "no name")
    words += [key + " " + flow[key] for key in ("starttls", "resumed") if key in flow]
    words += ["in %s" % layer for layer in flow.get("tunnels", [])]
    words += ["vlan %d" % tag for tag in flow.get("vlan", [])]
    words.append("**flagged** %s" % flow["verdict"] if flow["flagged"] else flow["verdict"])
    return ", ".join(words)


def once(items):
    return "<br>".join(dict.fromkeys(items))


def row(line):
    flows = line["flows"]
    expected = once(map(expectation, flows)) if flows else "no handshake"
    if len(flows) > 1:
        expected = "%d flows: %s" % (len(flows), expected)
    return "| %s | %s | %s | %s |" % (line["capture"], line["holds"], once(map(ends, flows)), expected)


def main(testdata, recorded, *names):
    lines = gather(testdata, recorded, names)
    with open(os.path.join(testdata, "truth.jsonl"), "w", encoding="utf-8") as out:
        for line in lines:
            out.write(json.dumps(line) + "\n")
    readme = os.path.join(testdata, "README.md")
    with open(readme, encoding="utf-8") as text:
        before, rest = text.read().split(BEGIN)
    after = rest.split(END)[1]
    rows = ["| file | what it holds | client and server | to expect |", "|---|---|---|---|"]
    rows += map(row, lines)
    with open(readme, "w", encoding="utf-8") as out:
        out.write(before + BEGIN + "\n" + "\n".join(rows) + "\n" + END + after)


main(*sys.argv[1:])
