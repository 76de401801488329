"""latwrap report --format=html: one page, small, without network, that works in a browser and obeys no name"""

import base64
import copy
import hashlib
import json
import re

import pytest

import harness
import samples
from browser import Browser
from page import data_of, read
from viewtools import WRONG_TYPES, refused, terminal, view, view_files, write
from whole import whole

READY = "return document.documentElement.classList.contains('ready')"


# -- the file ----------------------------------------------------------------------------------------------------------


def test_one_file():
    page = read(view("html", samples.typical()))
    assert "".join(page.text).count(samples.typical()["verdict"]["sentence"]) == 1
    data = data_of(page)
    assert data["reports"][0]["report"] == whole(samples.typical())
    assert data["reports"][0]["cut"] == {} and data["reports"][0]["shortened"] is False


def test_details_are_the_catalogues():
    details = data_of(read(view("html", samples.typical())))["details"]
    assert details["command"] == "command" and details["culprits_dropped_ns"] == "behind processes that are not listed"
    assert set(details) <= set(whole(samples.typical())["stalls"][0])


def test_attempts():
    text = "".join(read(view("html", samples.retried())).text)
    assert "attempt 1: exit status 1 after 12.4s, 7 stalls, longest 48.2ms; tried again: gate cpu.max<20ms breached" in text
    assert "about the last attempt" in text and "attempt" not in "".join(read(view("html", samples.golden("clean"))).text)


def test_policy():
    html = view("html", samples.typical())
    page = read(html)
    policy = next(value for tag, name, value in page.attributes if tag == "meta" and value.startswith("default-src"))
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    for rule, part in (("style-src", page.parts[0]), ("script-src", page.parts[2])):
        digest = base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()
        assert rules[rule] == f"'sha256-{digest}'"
    assert "connect-src" not in rules and rules["img-src"] == "data:"
    # Before anything that it is about.
    assert html.index("Content-Security-Policy") < html.index("<style>")


def test_script_has_no_way_to_make_markup():
    script = read(view("html", samples.typical())).parts[2]
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|new Function|\bimport\b|\bfetch\b|XMLHttp|"
                         r"setTimeout\(\"|https?://", script)


@pytest.mark.parametrize("payload", samples.PAYLOADS.values(), ids=samples.PAYLOADS)
@pytest.mark.parametrize("several", [False, True], ids=["one", "several"])
def test_hostile_file(payload, several, directory):
    report = samples.hostile(payload)
    paths = [write(directory, f"{name}.json", report) for name in ("a", "b")]
    page = read(view_files("html", *paths) if several else view("html", report))
    expected = terminal(payload, 30)
    assert expected is None or expected in page.code
    assert len(data_of(page)["reports"]) == 1 + several


@pytest.mark.parametrize("value", WRONG_TYPES)
@pytest.mark.parametrize("part", ["run", "tracing", "verdict", "totals", "stalls", "spans", "files", "pressure", "timeline", "processes"])
def test_wrong_types(part, value):
    refused("html", part, value)


# -- in the browser ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser():
    window = Browser()
    yield window
    window.close()


@pytest.fixture
def show(browser, directory):
    """show(report...) opens their page; at the end it must have said nothing and asked for nothing"""
    browser.resize(1280, 900)
    browser.media()
    browser.messages()
    browser.requests()
    address = f"file://{directory}/page.html"

    def show_reports(*reports, options=()):
        paths = [write(directory, f"run-{number}.json", report) for number, report in enumerate(reports)]
        (directory / "page.html").write_text(view_files("html", *options, *paths))
        browser.open(address)
        browser.wait(READY)
        return browser

    yield show_reports
    assert browser.run("return typeof window.pwned") == "undefined"
    assert browser.messages() == []
    assert {url for url in browser.requests() if not url.startswith(("data:", "blob:"))} <= {address}


def column(browser, table, label):
    """The cells of a table's column, as a reader sees them"""
    return browser.run("""
        const table = document.getElementById(arguments[0]);
        return [...table.querySelectorAll("tbody tr:not(.detail)")].map((row) =>
            [...row.cells].find((cell) => cell.dataset.label === arguments[1])).filter(Boolean).map((cell) => cell.innerText.trim());
        """, table, label)


def sort_by(browser, table, label):
    browser.run("""
        [...document.querySelectorAll("#" + arguments[0] + " thead button")].find((button) => button.textContent === arguments[1]).click();
        """, table, label)


def choose(browser, selector, value):
    browser.run("""
        const choice = document.querySelector(arguments[0]);
        choice.value = arguments[1];
        choice.dispatchEvent(new Event("change"));
        """, selector, value)


def text_of(browser, selector):
    return browser.run("return document.querySelector(arguments[0]).innerText", selector)


def test_renders(show):
    browser = show(samples.typical())
    assert text_of(browser, "h1") == "3 of 6 tests failed: 1 the machine, 1 the code, 1 not measured"
    assert samples.typical()["verdict"]["sentence"] in text_of(browser, "header")
    assert column(browser, "stall-table", "Length") == ["48.2ms", "20ms", "16ms", "10ms"]
    assert column(browser, "stall-table", "Test") == ["test_checkpoint", "test_checkpoint", "", "test_rollback[wired]"]
    assert column(browser, "test-table", "Whose fault?") == ["the machine", "not measured", "the code"]
    why = column(browser, "test-table", "Why, and where its time went")
    assert [text.split(":")[0] for text in why] == [
        "the machine took 640ms of its 800ms", "its process is not one that latwrap traced",
        "of its 500ms, 470ms were its own work, and it lost 30ms. Tests that passed lost at most 12ms"]
    assert browser.run("return document.querySelectorAll('#page section:not([hidden])').length") == 8
    assert browser.run("return document.getElementById('static').hidden")
    # A bar whose parts are the shares.
    widths = browser.run("return [...document.querySelectorAll('#stall-table .bar')[0].children].map((part) => part.style.width)")
    assert [float(width.rstrip("%")) for width in widths] == pytest.approx([64.3, 31.1, 4.6], abs=0.1)
    colors = browser.run("""return [...document.querySelectorAll('#stall-table .bar')[0].children]
        .map((part) => getComputedStyle(part).backgroundColor)""")
    assert len(set(colors)) == 3


def test_account_of_a_test(show):
    """A bar in the colours of the catalog, and, opened, what each colour is, who spent the time, and the path"""
    browser = show(samples.typical())
    widths = browser.run("return [...document.querySelectorAll('#test-table .bar')[0].children].map((part) => part.style.width)")
    assert [float(width.rstrip("%")) for width in widths] == [75, 11.25, 6.25, 5, 1.5, 1]
    browser.run("document.querySelector('#test-table button.open').click()")
    detail = text_of(browser, "#test-table tr.detail")
    assert "waited 600ms for a CPU that another program had (75 %)" in detail
    assert "another try may pass" in detail
    assert "NetworkManager[600] (outside the run) waited 600ms for a CPU that another program had (cc1plus[900])" in detail
    assert "slept 50ms in epoll_wait until a program outside the run answered (woken by NetworkManager[600])" in detail
    steps = browser.run("return [...document.querySelectorAll('#test-table ol.steps li')].map((item) => [item.innerText, item.style.paddingLeft])")
    assert [text.split()[0] for text, _ in steps] == ["+3.000s", "+3.110s", "+3.710s"]
    assert [indent for _, indent in steps] == ["0rem", "1.5rem", "0rem"]


@pytest.mark.parametrize("name", ["clean", "cpu", "io", "loss", "unmeasured", "causes", "hostile"])
def test_golden_reports(show, name):
    report = samples.golden(name)
    browser = show(report)
    assert len(column(browser, "stall-table", "Length")) == len(report["stalls"])
    assert "undefined" not in text_of(browser, "body") and "NaN" not in text_of(browser, "body")
    assert "[object" not in text_of(browser, "body")


def test_sorts(show):
    browser = show(samples.typical())
    sort_by(browser, "stall-table", "At")
    assert column(browser, "stall-table", "At") == ["+3.214s", "+3.300s", "+4.000s", "+6.000s"]
    sort_by(browser, "stall-table", "At")
    assert column(browser, "stall-table", "At") == ["+6.000s", "+4.000s", "+3.300s", "+3.214s"]
    sort_by(browser, "stall-table", "Length")
    assert column(browser, "stall-table", "Length") == ["48.2ms", "20ms", "16ms", "10ms"]
    sort_by(browser, "stall-table", "Who")
    # By name; the hiccup, which is about no thread, comes last.
    assert column(browser, "stall-table", "Who")[0] == "pytest[4242]" and column(browser, "stall-table", "Who")[-1] == ""
    assert browser.run("return [...document.querySelectorAll('#stall-table [aria-sort]')].map((th) => th.textContent)") == ["Who"]


def test_filters(show):
    browser = show(samples.typical())
    browser.type("#stall-search", "preempted")
    assert column(browser, "stall-table", "Length") == ["20ms", "10ms"]
    assert text_of(browser, "#stalls .status") == "2 of 4 stalls, 30ms in all"
    browser.type("#stall-search", " QUOTA")
    assert column(browser, "stall-table", "Length") == ["10ms"]
    browser.type("#stall-search", " nothing")
    assert column(browser, "stall-table", "Length") == []
    assert "No stall is like that" in text_of(browser, "#stall-table")
    browser.run("const box = document.getElementById('stall-search'); box.value = ''; box.dispatchEvent(new Event('input'))")
    choose(browser, "#stall-kind", "hiccup")
    assert column(browser, "stall-table", "Length") == ["16ms"]
    choose(browser, "#stall-kind", "")
    choose(browser, "#stall-cause", "throttled")
    assert column(browser, "stall-table", "Length") == ["10ms"]
    choose(browser, "#stall-cause", "")
    choose(browser, "#stall-least", "20000000")
    assert column(browser, "stall-table", "Length") == ["48.2ms", "20ms"]


def test_details(show):
    browser = show(samples.typical())
    browser.click("#stall-table button.open")
    detail = text_of(browser, "#stall-table tr.detail")
    assert "31ms behind cc1plus[900] (outside, /user.slice/user-1000.slice/" in detail
    assert "48,200,000 ns" in detail and "/usr/bin/pytest" in detail
    assert "not listed" not in detail
    browser.click("#stall-table button.open")
    assert not browser.run("return document.querySelector('#stall-table tr.detail')")


def test_a_test_leads_to_its_stalls(show):
    browser = show(samples.typical())
    browser.click("#test-table tbody button.link")
    assert column(browser, "stall-table", "Length") == ["48.2ms", "20ms"]
    assert "In test test_checkpoint" in text_of(browser, "#stalls .chosen")
    browser.click("#stalls .chosen button")
    assert len(column(browser, "stall-table", "Length")) == 4


def test_watched(show):
    """Never mixed into the run, but there: in the timeline, and in the table for who asks"""
    browser = show(samples.watched())
    assert column(browser, "stall-table", "Length") == ["48.2ms", "20ms", "16ms", "10ms"]
    assert text_of(browser, "#stalls .status") == "4 stalls, 94.2ms in all"
    choose(browser, "#stall-of", "NetworkManager.service")
    assert column(browser, "stall-table", "Length") == ["400ms"]
    browser.click("#stall-table button.open")
    assert "pytest[4242] by 390ms, 2 more" in text_of(browser, "#stall-table tr.detail")
    cards = browser.run("return [...document.querySelectorAll('#tests .card b')].map((card) => card.textContent)")
    assert cards == ["5", "1", "1", "2", "50", "60"]
    assert "Ask for a dedicated machine." in text_of(browser, ".verdict")
    assert "/ci.slice: 1.5 CPUs, throttled in 1 of 124 periods, 9.95ms" in text_of(browser, "#machine")
    assert "system.slice/docker-*.scope: 2 cgroups system.slice/docker-0a1b.scope system.slice/docker-2c3d.scope" in text_of(
        browser, "#machine")
    assert "docker/*: 0 cgroups" in text_of(browser, "#machine")
    assert "No cgroup matched --include=docker/*." in text_of(browser, ".verdict")
    assert "/ci.slice: 4 GiB, reached 2 times, 1 process killed" in text_of(browser, "#machine")


def test_tests_that_passed(show):
    browser = show(samples.typical())
    browser.click("#test-all")
    assert len(column(browser, "test-table", "Test")) == 6
    browser.type("#test-search", "team")
    assert column(browser, "test-table", "Test") == ["test_team"]


# -- the timeline ------------------------------------------------------------------------------------------------------


def where(browser):
    return text_of(browser, "#timeline .where")


def test_timeline_is_drawn(show):
    browser = show(samples.typical())
    colors = browser.run("""
        const canvas = document.querySelector("canvas"), {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        const seen = new Map();
        for (let i = 0; i < data.length; i += 4)
            if (data[i + 3] === 255)
                seen.set(data.slice(i, i + 3).join(), (seen.get(data.slice(i, i + 3).join()) || 0) + 1);
        const style = getComputedStyle(canvas);
        const rgb = (name) => style.getPropertyValue(name).trim().slice(1).match(/../g).map((hex) => parseInt(hex, 16)).join();
        return Object.fromEntries(["--c-outside", "--c-steal", "--c-throttled", "--span-spoiled", "--span-failed", "--resource-1"]
            .map((name) => [name, seen.get(rgb(name)) || 0]));
        """)
    assert all(pixels > 0 for pixels in colors.values()), colors


def test_timeline_keys(show):
    browser = show(samples.typical())
    assert where(browser) == "the whole run, 12.4s"
    browser.run("document.querySelector('canvas').focus()")
    browser.keys("+", "+")
    assert "(3.1s) of 12.4s" in where(browser)
    begin = where(browser)
    browser.keys("\ue014")
    assert where(browser) > begin
    browser.keys("0")
    assert where(browser) == "the whole run, 12.4s"
    browser.keys("n")
    assert "waited 48.2ms" in text_of(browser, ".tip")
    browser.keys("n", "n")
    assert "waited 10ms" in text_of(browser, ".tip")
    browser.keys("p")
    assert "waited 20ms" in text_of(browser, ".tip")
    # Enter takes it to the table.
    browser.keys("\ue007")
    assert "python3[4250, thread 4253]" in browser.run("return document.activeElement.closest('tr').innerText")
    assert "preempted" in browser.run("return document.querySelector('tr.detail').previousSibling.innerText")


def pointer(browser, *steps):
    """Mouse steps at places of the canvas: ("move", x, y), ("down",), ("up",)"""
    canvas = {"element-6066-11e4-a52e-4f735466cecf": browser.element("canvas")}
    width, height = browser.run("const box = document.querySelector('canvas').getBoundingClientRect(); return [box.width, box.height]")
    actions = []
    for kind, *place in steps:
        if kind == "move":
            actions.append({"type": "pointerMove", "duration": 50, "origin": canvas, "x": int(place[0] - width / 2),
                            "y": int(place[1] - height / 2)})
        else:
            actions.append({"type": f"pointer{kind.title()}", "button": 0})
    browser.do("POST", "/actions", {"actions": [{"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"},
                                                 "actions": actions}]})


def place_of(browser, ns, end_ns=12412000000):
    width = browser.run("return document.querySelector('canvas').getBoundingClientRect().width")
    return 92 + (width - 92) * ns / end_ns


def test_timeline_mouse(show):
    browser = show(samples.typical())
    browser.run("document.querySelector('canvas').scrollIntoView({block: 'center', behavior: 'instant'})")
    left, right = place_of(browser, 3e9), place_of(browser, 4.5e9)
    pointer(browser, ("move", left, 100), ("down",), ("move", left + 30, 110), ("move", right, 100), ("up",))
    assert re.match(r"\+[23]\.\d+s to \+4\.\d+s \(1\.\d+s\) of 12\.4s", where(browser)), where(browser)
    # Only those are left when one asks for it.
    browser.click("#stall-in-view")
    assert column(browser, "stall-table", "Length") == ["48.2ms", "20ms", "10ms"]
    browser.click("#timeline button[title='Show the whole run']")
    assert len(column(browser, "stall-table", "Length")) == 4
    # Over a stall its causes, a click opens it in the table.
    browser.run("document.querySelector('canvas').scrollIntoView({block: 'center', behavior: 'instant'})")
    rows = browser.run("return document.querySelector('canvas').clientHeight")
    hiccup = place_of(browser, 6.008e9)
    for y in range(20, rows, 6):
        pointer(browser, ("move", hiccup, y))
        if "CPU 1 took no interrupt" in browser.run("return document.querySelector('.tip').innerText"):
            break
    assert "15.5ms stolen by the hypervisor" in text_of(browser, ".tip")
    pointer(browser, ("move", hiccup, y), ("down",), ("up",))
    assert "CPU 1 took no interrupt" in browser.run("return document.querySelector('tr.detail').previousSibling.innerText")


def test_timeline_fingers(show):
    browser = show(samples.typical())
    browser.run("""
        const canvas = document.querySelector("canvas"), box = canvas.getBoundingClientRect();
        canvas.setPointerCapture = () => {};
        const touch = (type, id, x) => canvas.dispatchEvent(new PointerEvent(type, {pointerId: id, pointerType: "touch", button: 0,
            clientX: box.left + x, clientY: box.top + 60}));
        touch("pointerdown", 1, 400);
        touch("pointerdown", 2, 500);
        for (let x = 500; x <= 700; x += 20)
            touch("pointermove", 2, x);
        touch("pointerup", 2, 700);
        touch("pointerup", 1, 400);
        """)
    assert re.search(r"\(4\.\d+s\) of 12\.4s", where(browser)), where(browser)


# -- in all conditions -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("payload", samples.PAYLOADS.values(), ids=samples.PAYLOADS)
def test_hostile(show, payload):
    browser = show(samples.hostile(payload))
    browser.run("""
        for (const button of document.querySelectorAll("button.open, summary"))
            button.click();
        document.querySelector("canvas").dispatchEvent(new KeyboardEvent("keydown", {key: "n"}));
        document.querySelector("#test-all").click();
        for (const choice of document.querySelectorAll("select"))
            for (const option of choice.options) {
                choice.value = option.value;
                choice.dispatchEvent(new Event("change"));
            }
        """)
    shown = browser.run("""return [...document.querySelectorAll("#page *")].filter((element) =>
        ["SCRIPT", "IMG", "SVG", "IFRAME", "OBJECT", "STYLE", "LINK", "FORM"].includes(element.tagName.toUpperCase())).length""")
    assert shown == 0
    assert not browser.run("""return [...document.querySelectorAll("#page *")].flatMap((element) => element.getAttributeNames())
        .filter((name) => name.startsWith("on"))""")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", browser.run("return document.body.textContent"))
    expected = terminal(payload, 30)
    if expected and expected.strip():
        assert expected in browser.run("return document.querySelector('#test-table').textContent")


def test_policy_is_kept(show, browser):
    show(samples.typical())
    for attempt in ("const script = document.createElement('script'); script.text = 'window.pwned = 1'; document.body.append(script)",
                    "document.body.innerHTML = '<img src=x onerror=window.pwned=1>'",
                    "const image = new Image(); image.src = 'https://example.com/x'; document.body.append(image)",
                    "fetch('https://example.com/x').catch(() => 0)"):
        browser.run(f"try {{ {attempt} }} catch (error) {{ return String(error) }}")
    browser.wait("return document.querySelectorAll('img').length === 1")
    said = []

    def has_refused_both():
        said.extend(browser.messages())
        return sum("https://example.com/x" in line for line in said) >= 2

    harness.poll_until(has_refused_both, "the browser refuses the image and the request")
    assert "Content Security Policy" in "\n".join(said)
    # Asked for by the test, not by the page, and refused.
    browser.requests()


@pytest.mark.slow
def test_large(show):
    browser = show(samples.large())
    assert len(column(browser, "stall-table", "Length")) == 20
    browser.run("[...document.querySelectorAll('#stall-table .more button')].find((button) => button.textContent === 'Show all').click()")
    assert len(column(browser, "stall-table", "Length")) == 1000
    browser.run("const c = document.querySelector('canvas'); for (const key of '++++----') c.dispatchEvent(new KeyboardEvent('keydown', {key}))")


@pytest.mark.slow
def test_what_was_cut_is_said(show):
    browser = show(samples.huge())
    assert re.search(r"without [\d,]+ stalls, [\d,]+ spans, which had no room in the page", text_of(browser, "#download"))
    browser = show(samples.crowded())
    assert re.search(r"without [\d,]+ watched stalls, 2 earlier attempts, which had no room", text_of(browser, "#download"))


def test_several(show):
    reports = [samples.golden("clean"), samples.typical(), samples.golden("io")]
    browser = show(*reports)
    assert text_of(browser, "h1") == "2 of 3 runs stalled."
    assert len(column(browser, "stall-table", "Length")) == 10
    runs = column(browser, "run-table", "Run")
    assert ["run-2.json" in runs[0], "run-1.json" in runs[1], "run-0.json" in runs[2]] == [True] * 3
    choose(browser, "#run", "1")
    assert column(browser, "stall-table", "Length") == ["48.2ms", "20ms", "16ms", "10ms"]
    choose(browser, "#run", "0")
    assert column(browser, "stall-table", "Length") == []
    choose(browser, "#run", "all")
    assert len(column(browser, "stall-table", "Length")) == 10
    # A test of another run than the timeline shows brings that run.
    browser.click("#test-table tbody button.link")
    assert column(browser, "stall-table", "Length") == ["48.2ms", "20ms"]


def test_download(show, browser, directory):
    report = samples.typical()
    show(report)
    browser.devtools("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(directory / "downloads"))
    browser.click("#download button")
    saved = harness.poll_until(lambda: list((directory / "downloads").glob("*.json")), "the report is saved")
    path, = saved
    assert path.name == f"latwrap-{report['run']['id']}.json"
    assert json.loads(path.read_text()) == whole(report)


def test_dark(show):
    browser = show(samples.typical())

    def shades():
        return browser.run("""const style = getComputedStyle(document.querySelector("section"));
            return [style.backgroundColor, style.color].map((color) => color.match(/\\d+/g).slice(0, 3).reduce((a, b) => a + Number(b), 0))""")

    paper, ink = shades()
    assert paper > 600 > 300 > ink
    browser.media(dark=True)
    paper, ink = shades()
    assert paper < 200 < 500 < ink


@pytest.mark.parametrize("width", [320, 390, 768, 1280, 2400])
def test_no_width_is_too_small(show, width):
    browser = show(samples.typical(), samples.hostile(samples.PAYLOADS["long"][:3000]))
    browser.resize(width, 800)
    browser.wait("return Math.abs(document.querySelector('canvas').width - document.querySelector('.frame').clientWidth) < 2")
    wide = browser.run("""return [...document.querySelectorAll("body *")].filter((element) =>
        element.getBoundingClientRect().right > innerWidth + 1 && !element.closest(".scroll")).map((element) => element.outerHTML.slice(0, 80))""")
    assert wide == []
    assert browser.run("return document.documentElement.scrollWidth <= innerWidth")


def test_print(show):
    browser = show(samples.typical())
    assert browser.pdf().startswith(b"%PDF")
    browser.media("print")
    # As wide as A4 between its margins: on paper nobody can scroll.
    browser.resize(718, 1000)
    assert browser.run("""return [...document.querySelectorAll("#page table")].filter((table) =>
        table.getBoundingClientRect().right > innerWidth + 1).map((table) => table.caption.textContent)""") == []
    assert browser.run("return getComputedStyle(document.querySelector('.filters')).display") == "none"
    assert browser.run("return getComputedStyle(document.querySelector('#stall-table thead th')).display") != "none"


def test_everything_has_a_name(show):
    """For those who cannot see the page: every control says what it is, tables have captions and headers"""
    browser = show(samples.typical(), samples.golden("io"))
    assert browser.run("""return [...document.querySelectorAll("#page input, #page select")]
        .filter((control) => !control.labels.length).map((control) => control.id)""") == []
    assert browser.run("""return [...document.querySelectorAll("#page button")]
        .filter((button) => !(button.textContent.trim() || button.title || button.getAttribute("aria-label"))).length""") == 0
    assert browser.run("""return [...document.querySelectorAll("#page table")]
        .filter((table) => !table.caption || !table.querySelector("th")).length""") == 0
    assert browser.run("return document.querySelector('canvas').getAttribute('aria-label')").startswith("Timeline of 12.4s with")
    assert browser.run("return document.querySelectorAll('h1').length") == 1


def test_odd_values_in_the_browser(show):
    """Causes and kinds that a later version may have, and the largest numbers that are let in"""
    report = samples.typical()
    for stall in report["stalls"]:
        stall.update(start_ns=2**53, duration_ns=2**53, shares={"x": 3, "__proto__": 5, "constructor": 6}, cause="toString", kind="valueOf")
    report["timeline"]["samples"] = [samples.sample(2**53, None), samples.sample(0, 1, load=2**53)]
    browser = show(report)
    assert "[object" not in text_of(browser, "body")


def test_same_ids_and_loops(show):
    report = samples.typical()
    for span, parent in zip(report["spans"], (2, 1, 3, 3, None, None, None)):
        span.update(id=span["id"] % 4, parent=parent)
    report["spans"] += [copy.deepcopy(report["spans"][0]) for _ in range(50)]
    show(report)


def test_without_script(directory):
    window = Browser(script=False)
    try:
        (directory / "page.html").write_text(view("html", samples.typical()))
        window.open(f"file://{directory}/page.html")
        text = window.run("return document.body.innerText")
        assert samples.typical()["verdict"]["sentence"] in text
        assert "waited 48.2ms for CPU 1" in text and "the machine took 640ms of its 800ms" in text
        assert not window.run("return document.getElementById('static').hidden")
    finally:
        window.close()
