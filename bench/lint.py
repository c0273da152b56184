#!/usr/bin/env python3
"""Times `wizard lint` beside other linters on files of like size, in one run.

Usage: bench/lint.py [WIZARD] [--files N] [--rounds N]

Makes N playbooks, N Python modules and N workflows of about 200 lines each, and lints each set
with the program for it: `wizard lint`, `ruff check` and `actionlint`, as far as they are on the
path. The programs take turns; what is printed is the median, the least and the most of each, and
the ratio to wizard. Caches are off. Times depend on the machine: only the ratios travel.
"""

import argparse
import pathlib
import random
import shutil
import statistics
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
THINGS = ["basket", "order", "invoice", "refund", "review", "coupon", "wishlist", "parcel"]
VERBS = ["Read", "Find", "List", "Name", "Follow", "Compare", "Keep", "Check", "Choose"]


def sentence(words: random.Random) -> str:
    thing, other = words.sample(THINGS, 2)
    return (
        f"{words.choice(VERBS)} the {thing} in `src/{thing}.ts`, and what the {other} does with it, "
        f"before the page of the {other} is changed."
    )


def playbook(index: int) -> str:
    """A playbook of 200 lines: six stages, typed outputs, checks, templates, prose."""
    words = random.Random(index)
    stages, sections = [], []
    for number in range(6):
        thing = f"{words.choice(THINGS)}_{number}"
        above = f"{number - 1}" if number else None
        lines = [f"  stage_{number}:"]
        if number == 0:
            lines += [
                "    output:",
                "      schema:",
                "        type: object",
                "        additionalProperties: false",
                "        required: [files, title]",
                "        properties:",
                "          title: {type: string}",
                "          files: {type: array, items: {type: string}}",
            ]
        else:
            lines += [
                f"    needs: [stage_{above}]" if number > 1 else "    needs: [stage_0]",
                "    tools: [edit, write]",
                f'    writes: ["src/{thing}/**/*.ts"]',
                "    checks:",
                f'      - {{contains: "{thing}", in: "src/{thing}/*.ts"}}',
                "      - {run: typecheck, baseline: true}",
                "    retry: 2",
            ]
        stages += lines
        sections += [f"## stage_{number}: Change the {thing}", "", sentence(words), ""]
        if number:
            sections += ["The files are ${{ stages.stage_0.output.files }}.", ""]
        sections += [f"- {sentence(words)}" for _ in range(11)]
        sections += ["", "```ts", f"export const {thing} = read({number});", "```", ""]
        sections.append("")
    head = [
        "---",
        "playbook: 1",
        f"name: shop-{index}",
        "description: Adds a basket to a shop. Use when the project is a shop written in TypeScript.",
        "license: MIT",
        "inputs:",
        "  title: {type: string, default: Basket, description: What the basket is called}",
        "languages: [typescript]",
        "commands:",
        "  typecheck: {exec: [tsc, --noEmit], timeout: 4m}",
        "tools: [read, glob, grep]",
        "budget: {usd: 2.50, turns: 160, minutes: 20}",
        "stages:",
    ]
    intro = ["---", "", "You change a shop. The basket is called ${{ inputs.title }}.", ""]
    return "\n".join(head + stages + intro + sections)


def module(index: int) -> str:
    """A Python module of 200 lines."""
    words = random.Random(index)
    lines = ['"""A shop."""', "", "import json", "", ""]
    number = 0
    while len(lines) < 194:
        thing = f"{words.choice(THINGS)}_{number}"
        lines += [
            f"def read_{thing}(path, limit={number}):",
            f'    """Reads the {thing}."""',
            "    with open(path) as file:",
            "        data = json.load(file)",
            "    found = [item for item in data if item['count'] > limit]",
            "    if not found:",
            f"        raise ValueError('no {thing}')",
            "    return found",
            "",
            "",
        ]
        number += 1
    return "\n".join(lines)


def workflow(index: int) -> str:
    """A GitHub workflow of 200 lines."""
    words = random.Random(index)
    lines = ["name: shop", "on: [push, pull_request]", "jobs:"]
    number = 0
    while len(lines) < 190:
        thing = f"{words.choice(THINGS)}-{number}"
        lines += [
            f"  {thing}:",
            "    runs-on: ubuntu-latest",
            *([f"    needs: {last}"] if number else []),
            "    steps:",
            "      - uses: actions/checkout@v4",
            f"      - name: Build the {thing}",
            "        if: ${{ github.event_name == 'push' }}",
            "        env:",
            "          REF: ${{ github.ref }}",
            f"        run: make {thing}",
        ]
        last = thing
        number += 1
    return "\n".join(lines) + "\n"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("wizard", nargs="?", default=str(ROOT / "target/release/wizard"))
    arguments.add_argument("--files", type=int, default=1000)
    arguments.add_argument("--rounds", type=int, default=7)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        sets = [
            ("playbooks", "md", playbook),
            ("modules", "py", module),
            (".github/workflows", "yml", workflow),
        ]
        for name, suffix, make in sets:
            (folder / name).mkdir(parents=True)
            for index in range(given.files):
                text = make(index)
                stem = f"shop-{index}"
                (folder / name / f"{stem}.{suffix}").write_text(text)
            print(f"{given.files} {name}: {len(text.splitlines())} lines, {len(text)} bytes each")
        workflows = sorted(str(path) for path in (folder / ".github/workflows").iterdir())
        commands = {"wizard lint": [given.wizard, "lint", "--format", "concise", "playbooks"]}
        if shutil.which("ruff"):
            commands["ruff check"] = ["ruff", "check", "--no-cache", "--quiet", "modules"]
        if shutil.which("actionlint"):
            off = ["-shellcheck=", "-pyflakes="]
            commands["actionlint"] = ["actionlint", *off, *workflows]
        commands["wizard --version"] = [given.wizard, "--version"]
        taken = {name: [] for name in commands}
        for round_number in range(given.rounds + 1):
            for name, command in commands.items():
                start = time.perf_counter()
                done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
                if round_number:
                    taken[name].append(time.perf_counter() - start)
                elif done.returncode or done.stdout.strip() not in ("", done.stdout.strip()):
                    print(f"{name} exits with {done.returncode}: {(done.stdout + done.stderr)[:300]}")
                elif done.stdout.strip():
                    print(f"{name} says: {done.stdout[:300]}")
        ours = statistics.median(taken["wizard lint"])
        for name, times in taken.items():
            median = statistics.median(times)
            speed = f"{given.files / median:8.0f} files/s" if name != "wizard --version" else " " * 16
            print(
                f"{name:16} {median:.4f} s ({min(times):.4f}-{max(times):.4f}) {speed}"
                f"  {median / ours:.2f} of wizard lint"
            )


if __name__ == "__main__":
    main()
