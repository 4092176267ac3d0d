# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The FlexMock authors
"""The page that dpdk-flexmock report makes of a comparison."""

import copy
import html.parser
import json
import os
import re
import shutil
import struct
import subprocess
import xml.etree.ElementTree
import zlib

import pytest

from testpmd import BUILD

PROGRAM = os.path.join(BUILD, "app", "flexmock", "dpdk-flexmock")
CHROMIUM = shutil.which("chromium")
STATES = {"hot": 1.0, "ring": 0.8, "llc": 0.4, "mem": 0.17}
SUBJECTS = {
    "bare": 290.0,
    "norman-inplace": 283.123456789012345,
    "norman-fresh": 198.7,
    "norman-live": 21.3,
    "dpdk-net_flexmock": 160.1,
    "dpdk-net_null": 71.5,
    "dpdk-net_pcap": 31.0 / 3,
    "dpdk-my <port> & 'co' `id`": 44.4,
}
NO_STATES = ("dpdk-net_null", "dpdk-net_pcap")
RANGES = ("mpps", "to_bare", "to_net_null", "control")

pytestmark = pytest.mark.skipif(shutil.which("gnuplot") is None, reason="no gnuplot")


def around(median):
    return {"median": median, "p5": median * 0.97, "p95": median * 1.011}


def result(app, subject, cache, mpps, **more):
    base = {
        "app": app, "subject": subject, "cache": cache, "size": 64, "batch": 64, "pipes": 1, "cores": 1,
        "mpps": around(mpps), "to_bare": around(mpps / 290), "to_net_null": around(mpps / 71.5),
        "control": around(1.0007), "cycles_per_packet": 2600 / (mpps or 1), "checked": True, "note": "",
        "sweep": "main",
    }  # fmt: skip
    return base | more


def states(subject):
    return {"-": 1.0} if subject in NO_STATES else STATES


def main_results():
    for app, slower in ("echo", 1), ("maglev-cached", 3), ("maglev-syn", 11):
        for subject, mpps in SUBJECTS.items():
            if (app, subject) == ("maglev-syn", "dpdk-net_null"):
                continue
            for cache, factor in states(subject).items():
                more = {"to_bare": None} if subject == "bare" else {}
                if subject == "dpdk-net_null":
                    more["note"] = "zero frames: echo and cached only"
                yield result(app, subject, cache, mpps * factor / slower, **more)


def sweep_results():
    points = {
        "size": (64, 128, 256, 512, 1024, 1518, "imix"),
        "pipes": (1, 2, 8, 32, 256),
        "batch": (1, 4, 16, 64, 1024),
        "cores": (1, 2),
    }
    for sweep, values in points.items():
        for subject, mpps in SUBJECTS.items():
            for cache, factor in states(subject).items():
                for n, x in enumerate(values):
                    yield result("echo", subject, cache, mpps * factor / (n + 1), sweep=sweep, **{sweep: x})


def comparison(results=None):
    return {
        "format": 1,
        "date": "2026-11-25 14:00 UTC",
        "machine": {
            "cpu": "A <script>alert(1)</script> & \"CPU\"", "cores": 2, "tsc_ghz": 2.6, "l1d": 49152, "l2": 1048576,
            "l3": 33554432, "huge_pages": True,
        },  # fmt: skip
        "method": {"slice_ms": 1, "pairs": 100, "quick": True},
        "results": results or [*main_results(), *sweep_results()],
        "fits": [
            {"app": "echo", "subject": subject, "cache": cache, "cycles_per_batch": 40.25, "cycles_per_packet": 1e4 / 7}
            for subject in SUBJECTS
            for cache in ("hot", "mem")
        ],
    }  # fmt: skip


class Page(html.parser.HTMLParser):
    """Cells and numbers of the tables; attributes that refer to something; text."""

    def __init__(self, path):
        super().__init__()
        self.rows, self.references, self.tags, self.ids = {}, [], set(), []
        self.row = self.number = None
        self.words = []
        self.source = path.read_text()
        self.feed(self.source)
        self.text = "".join(self.words)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.add(tag)
        self.references += [attrs[key] for key in ("href", "xlink:href", "src") if key in attrs]
        if "id" in attrs:
            self.ids.append(attrs["id"])
        if tag == "tr":
            keys = [(kind, int(attrs[f"data-{kind}"])) for kind in ("result", "fit") if f"data-{kind}" in attrs]
            self.row = self.rows.setdefault(keys[0], {"cells": [], "numbers": {}}) if keys else None
        if self.row is None:
            return
        if tag == "td":
            self.row["cells"].append("")
        if tag == "span" and "data-value" in attrs:
            self.number = attrs["data-name"], float(attrs["data-value"])

    def handle_endtag(self, tag):
        if tag == "tr":
            self.row = None

    def handle_data(self, data):
        self.words.append(data)
        if self.row is not None and self.row["cells"]:
            self.row["cells"][-1] += data
        if self.number is not None:
            name, value = self.number
            digits = len(data.partition(".")[2])
            assert digits >= 2 and data == f"{value:.{digits}f}"
            self.row["numbers"][name] = value
            self.number = None


def report(source, folder):
    """Run the command with a comparison (or the text of one) in a file."""
    path = folder / "in.json"
    path.write_text(source if isinstance(source, str) else json.dumps(source))
    return subprocess.run(
        [PROGRAM, "report", str(path), str(folder / "out")], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The comparison and the folder with its report."""
    folder = tmp_path_factory.mktemp("report it's")
    source = comparison()
    done = report(source, folder)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return source, folder / "out"


def numbers_of(row):
    numbers = {"cycles_per_packet": row["cycles_per_packet"]}
    for name in RANGES:
        for part, value in (row[name] or {}).items():
            numbers[f"{name}.{part}"] = value
    return numbers


def test_numbers_are_those_of_the_json(made):
    source, folder = made
    page = Page(folder / "index.html")
    assert len(page.rows) == len(source["results"]) + len(source["fits"])
    for i, row in enumerate(source["results"]):
        shown = page.rows["result", i]
        assert shown["numbers"] == numbers_of(row)
        assert shown["cells"][:3] == [row["app"], row["subject"], row["cache"]]
        whole = ["IMIX" if row[key] == "imix" else str(row[key]) for key in ("size", "batch", "pipes", "cores")]
        assert shown["cells"][3:7] == whole
        assert shown["cells"][-2:] == ["yes", row["note"]]
    for i, row in enumerate(source["fits"]):
        shown = page.rows["fit", i]
        assert shown["cells"][:3] == [row["app"], row["subject"], row["cache"]]
        assert shown["numbers"] == {key: row[key] for key in ("cycles_per_batch", "cycles_per_packet")}


def test_page_stands_alone(made):
    page = Page(made[1] / "index.html")
    assert not page.tags & {"script", "img", "iframe", "object", "base"}
    assert page.source.count("<link") == 1 and 'href="data:,"' in page.source
    assert all(reference.startswith(("#", "data:,")) for reference in page.references)
    assert "http" not in page.source and "url(" not in page.source and "@import" not in page.source
    assert len(page.ids) == len(set(page.ids))
    assert {reference[1:] for reference in page.references if reference.startswith("#")} <= set(page.ids)
    assert "alert(1)" in page.text
    assert "What these Mpps mean, and what they do not" in page.text


def test_plots_are_xml_and_on_the_page(made):
    page = Page(made[1] / "index.html")
    plots = sorted(made[1].glob("*.svg"))
    wanted = {f"bars-{app}" for app in ("echo", "maglev-cached", "maglev-syn")}
    wanted |= {f"{sweep}-echo" for sweep in ("size", "pipes", "batch", "cores")}
    assert {plot.stem for plot in plots} == wanted
    assert {path.name for path in made[1].iterdir()} == {"index.html", *(plot.name for plot in plots)}
    assert page.source.count('<svg class="plot"') == len(plots)
    for plot in plots:
        words = "".join(xml.etree.ElementTree.parse(plot).getroot().itertext())
        assert "norman" not in words and "Norman API, in place" in words
        assert "DPDK on my <port> & 'co' `id`" in words


def bars(path, width=4):
    """Polygons of the plot that are wider than so many pixels, by colour."""
    found = {}
    for shape in xml.etree.ElementTree.parse(path).getroot().iter("{http://www.w3.org/2000/svg}polygon"):
        xs = [float(point.split(",")[0]) for point in shape.get("points").split()]
        if max(xs) - min(xs) > width:
            found.setdefault(shape.get("fill"), []).append((min(xs), max(xs)))
    return found


def test_bars_reach_from_slowest_state_to_fastest(made):
    found = bars(made[1] / "bars-echo.svg")
    assert len(found) == len(SUBJECTS)
    blue, grey = found["rgb( 47, 127, 214)"], found["rgb(125, 125, 125)"]
    # A pale one from zero and a strong one to the fastest state.
    (zero, slow), (again, fast) = sorted(blue)
    assert slow == pytest.approx(again, abs=0.1)
    assert (slow - zero) / (fast - zero) == pytest.approx(STATES["mem"], abs=0.005)
    assert (fast - zero) / (max(grey)[1] - zero) == pytest.approx(283.1234567 / 290, abs=0.002)


def test_published_figures_have_sources(made):
    page = Page(made[1] / "index.html")
    plot = (made[1] / "bars-echo.svg").read_text()
    assert "measured on other machines" in plot and "100 GbE line rate, 64 B: 148.8" in plot
    refs = set(re.findall(r"\[(\d\.\d+)\]", "".join(path.read_text() for path in made[1].glob("*.svg"))))
    assert {"1.1", "1.15", "3.1", "1.14", "3.29"} <= refs
    rows = re.findall(r"<tr><td>([\d.]+)</td>(.*?)</tr>", page.source)
    sources = {ref: re.findall(r"<td[^>]*>(.*?)</td>", rest)[6] for ref, rest in rows}
    assert refs <= set(sources) and all(sources.values())


def test_missing_sweeps_are_left_out(tmp_path):
    assert report(comparison(), tmp_path).returncode == 0
    done = report(comparison([result("echo", "bare", "hot", 290.0)]), tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    # Nor does the earlier report's plot stay.
    assert "size-echo.svg" not in os.listdir(tmp_path / "out")
    page = Page(tmp_path / "out" / "index.html")
    assert "against frame size" not in page.text and page.source.count('<svg class="plot"') == 1


@pytest.mark.parametrize(
    "results",
    [
        [result("echo", "bare", "-", 0.0)],
        [result("echo", "bare", "-", 0.0, sweep=sweep) for sweep in ("size", "pipes", "batch", "cores")],
        [result("echo", "bare", "hot", 5.0, sweep="size", size="imix")],
        [result("echo", "bare", "somewhere", 5.0, sweep="another"), result("echo", "bare", "somewhere", 5.0)],
        [result(app, "bare", "hot", 5.0) for app in ("a/../b", "a b", "a_b", "", "'; system('x')", "é" * 90)],
        [result("echo", "bare", "hot", 5.0 + n, batch=n) for n in (1, 64)],
        [result("echo", f"s{n}", "hot", 5.0 + n, sweep=sweep) for n in range(20) for sweep in ("main", "batch")],
        [result("echo", "bare", "hot", 5.0, sweep="batch", batch=0), result("echo", "x\ny\tz", "mem", 1e9)],
    ],
)
def test_odd_comparisons_are_drawn(tmp_path, results):
    done = report(comparison(results), tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    page = Page(tmp_path / "out" / "index.html")
    assert len(page.ids) == len(set(page.ids))
    for plot in (tmp_path / "out").glob("*.svg"):
        xml.etree.ElementTree.parse(plot)
    for i, row in enumerate(results):
        assert page.rows["result", i]["numbers"] == numbers_of(row)


def test_unchecked_results_are_said(tmp_path):
    rows = [result("echo", "bare", "hot", 290.0, checked=False), result("echo", "bare", "mem", 29.0)]
    assert report(comparison(rows), tmp_path).returncode == 0
    page = Page(tmp_path / "out" / "index.html")
    assert "1 of 2 results" in page.text
    assert [page.rows["result", i]["cells"][-2] for i in (0, 1)] == ["no", "yes"]


def changed(path, value):
    """A comparison with one member changed; `...` takes it away."""
    root = at = copy.deepcopy(comparison([result("echo", "bare", "hot", 290.0)]))
    for key in path[:-1]:
        at = at[key]
    if value is ...:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return root


@pytest.mark.parametrize(
    "path, value, key",
    [
        (["format"], 2, "format"),
        (["format"], "1", "format"),
        (["format"], ..., "format"),
        (["date"], 5, "date"),
        (["machine"], ..., "machine"),
        (["machine", "l2"], 1.5, "machine.l2"),
        (["machine", "huge_pages"], 1, "machine.huge_pages"),
        (["method", "pairs"], -1, "method.pairs"),
        (["results"], {}, "results"),
        (["results", 0], [], "results[0]"),
        (["results", 0, "app"], None, "results[0].app"),
        (["results", 0, "size"], "large", "results[0].size"),
        (["results", 0, "size"], 0, "results[0].size"),
        (["results", 0, "pipes"], ..., "results[0].pipes"),
        (["results", 0, "mpps"], None, "results[0].mpps"),
        (["results", 0, "mpps"], 7, "results[0].mpps"),
        (["results", 0, "mpps", "p95"], "7", "results[0].mpps.p95"),
        (["results", 0, "to_bare"], [], "results[0].to_bare"),
        (["results", 0, "to_net_null", "p5"], ..., "results[0].to_net_null.p5"),
        (["results", 0, "checked"], "yes", "results[0].checked"),
        (["fits"], ..., "fits"),
        (["fits", 1, "cycles_per_batch"], None, "fits[1].cycles_per_batch"),
    ],
)
def test_wrong_json_is_refused_by_one_line(tmp_path, path, value, key):
    done = report(changed(path, value), tmp_path)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith(f"dpdk-flexmock: report: {key}: ") and done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("text", ["", "{", "[]", "7", '{"format":1,"format":1}', '{"format":1}'])
def test_no_comparison_at_all(tmp_path, text):
    done = report(text, tmp_path)
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_usage():
    for args, status in (["--help"], 0), ([], 2), (["one"], 2), (["1", "2", "3"], 2):
        done = subprocess.run([PROGRAM, "report", *args], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == status
        assert "report FILE.json DIR" in (done.stderr if status else done.stdout)


def fake_gnuplot(folder, text):
    """PATH with a gnuplot of our own, or none."""
    binaries = folder / "bin"
    binaries.mkdir()
    if text:
        (binaries / "gnuplot").write_text(text)
        (binaries / "gnuplot").chmod(0o755)
    return str(binaries)


@pytest.mark.parametrize(
    "gnuplot, reason",
    [
        ("", "gnuplot is not installed"),
        ("#!/bin/sh\necho >&2\necho no such terminal >&2\nexit 1\n", "no such terminal"),
        ("#!/bin/sh\nkill -9 $$\n", "gnuplot failed"),
        ("#!/bin/sh\nexit 0\n", "gnuplot drew no"),
    ],
)
@pytest.mark.parametrize("before", [False, True])
def test_failing_gnuplot_leaves_nothing(tmp_path, monkeypatch, gnuplot, reason, before):
    if before:
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "index.html").write_text("before")
    monkeypatch.setenv("PATH", fake_gnuplot(tmp_path, gnuplot))
    done = report(comparison(), tmp_path)
    assert done.returncode == 1 and reason in done.stderr and done.stderr.count("\n") == 1
    assert (tmp_path / "out").exists() == before
    if before:
        assert os.listdir(tmp_path / "out") == ["index.html"]
        assert (tmp_path / "out" / "index.html").read_text() == "before"


def test_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "out").write_text("a file")
    done = report(comparison(), tmp_path)
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert (tmp_path / "out").read_text() == "a file"


def chromium(page, folder, *args):
    """Open a page; stdout and what the page itself logs."""
    done = subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--enable-logging=stderr",
         "--window-size=1200,1400", f"--user-data-dir={folder / 'profile'}", *args, page.as_uri()],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    log = [line for line in done.stderr.splitlines() if "CONSOLE" in line or "Page load failed" in line]
    return done.stdout, log


def unfilter(kind, line, above, bpp):
    """One line of a PNG as pixels (PNG specification, 9.2)."""
    for x in range(len(line)):
        left = line[x - bpp] if x >= bpp else 0
        corner = above[x - bpp] if x >= bpp else 0
        paeth = min((left, above[x], corner), key=lambda near: abs(left + above[x] - corner - near))
        line[x] = line[x] + (0, left, above[x], (left + above[x]) // 2, paeth)[kind] & 0xFF
    return line


def colours(path):
    """How often each colour stands in a PNG of 8-bit RGB or RGBA."""
    data, at, packed = path.read_bytes(), 8, b""
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        chunk = data[at + 8 : at + 8 + size]
        if kind == b"IHDR":
            width, _, depth, colour = struct.unpack_from(">IIBB", chunk)
        packed += chunk if kind == b"IDAT" else b""
        at += 12 + size
    assert depth == 8
    bpp, raw, found = {2: 3, 6: 4}[colour], zlib.decompress(packed), {}
    step, above = width * bpp + 1, bytes(width * bpp)
    for start in range(0, len(raw), step):
        above = unfilter(raw[start], bytearray(raw[start + 1 : start + step]), above, bpp)
        for x in range(0, len(above), bpp):
            pixel = bytes(above[x : x + 3])
            found[pixel] = found.get(pixel, 0) + 1
    return found


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium")
def test_page_opens_and_shows_the_bars(made, tmp_path):
    shot = tmp_path / "shot.png"
    _, log = chromium(made[1] / "index.html", tmp_path, f"--screenshot={shot}")
    assert log == []
    found = colours(shot)
    # The known subjects, at the bars' opacity on white.
    for colour in (0x7D7D7D, 0x2F7FD6, 0x149C8C, 0x9A68D6, 0xD9730D, 0xC84A86, 0x8A8418):
        bar = [0.65 * channel + 0.35 * 255 for channel in colour.to_bytes(3, "big")]
        near = sum(n for pixel, n in found.items() if all(abs(a - b) <= 3 for a, b in zip(pixel, bar)))
        assert near > 100, hex(colour)


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium")
def test_browser_reads_the_page_as_it_was_written(made, tmp_path):
    source, folder = made
    dom, log = chromium(folder / "index.html", tmp_path, "--dump-dom")
    assert log == []
    assert dom.count("data-result=") == len(source["results"])
    assert dom.count("data-value=") == (folder / "index.html").read_text().count("data-value=")
