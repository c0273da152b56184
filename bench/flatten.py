#!/usr/bin/env python3
"""Flattens folders of apps with `wizard airplane flatten` and with other programs, and compares what comes out.

    bench/flatten.py --wizard target/release/wizard --peer NAME=COMMAND ... TREE ...

A peer's COMMAND is split as a shell does; `{tree}` is the folder, and `{out}`, where it has one, the file it writes to;
otherwise its standard output counts. Each tree is copied first, and secrets are planted in a second copy of it:

- tokens are bytes / 4 of what comes out, for every program;
- source: files of code of the tree, of which the longest line comes out;
- manifests: those of which every line comes out;
- secrets: the planted lines that come out with the secret in them, by the file in which they stood.

Nothing is written beside the trees. The time is the least of three runs, after one that is not counted.
"""

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SOURCE = {"py", "js", "jsx", "ts", "tsx", "mjs", "vue", "svelte", "rb", "php", "go", "rs", "java", "kt", "erb"}
MANIFESTS = {"package.json", "requirements.txt", "pyproject.toml", "Gemfile", "composer.json", "go.mod", "Cargo.toml"}
UNREAD = {".git", "node_modules", "vendor", "dist", "venv", ".venv"}
# Put together here, so that this file holds no key of any form.
CANARIES = {
    ".env": ("SHOP_TOKEN={}\n", "t0k3n-" + "Xq7vR2mK9tLw4ZbN"),
    ".env.production": ("DATABASE_PASSWORD={}\n", "pr0d-" + "J5hGc8YtQ1sVx6Pd"),
    "config/deploy.pem": ("-----BEGIN " + "PRIVATE KEY-----\n{}\n-----END " + "PRIVATE KEY-----\n", "MIIEvQ" + "IBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ"),
    "src/planted_pay.js": ("const at = 'https://shop:{}@pay.example.com';\n", "t9Kq" + "2vXw7LmZ"),
    "src/planted_github.py": ("HOOK = '{}'\n", "gh" + "p_" + "q8Wz3nRt5Yk1Lm7Xc2Vb9Hd4Jf6Gs0PaTuEo"),
    "src/planted_env.js": ("const token = '{}'; // of the env file\n", "t0k3n-" + "Xq7vR2mK9tLw4ZbN"),
}


def run(command, tree, out):
    words = [word.replace("{tree}", str(tree)).replace("{out}", str(out)) for word in shlex.split(command)]
    begun = time.monotonic()
    done = subprocess.run(words, cwd=tree, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300)
    took = time.monotonic() - begun
    text = out.read_bytes() if "{out}" in command else done.stdout
    if done.returncode and not text:
        raise RuntimeError(f"{words[0]} ended with {done.returncode}: {done.stderr.decode(errors='replace')[:300]}")
    return took, text.decode(errors="replace")


def files(tree):
    for folder, folders, names in os.walk(tree):
        folders[:] = sorted(name for name in folders if name not in UNREAD)
        for name in sorted(names):
            yield Path(folder) / name


def longest_line(path):
    lines = path.read_text(errors="replace").splitlines()
    return max((line.strip() for line in lines if len(line) < 200), key=len, default="")


def measure(command, tree, planted, out):
    run(command, tree, out)
    runs = [run(command, tree, out) for _ in range(3)]
    text = runs[0][1]
    own = [path for path in files(tree) if path.is_file()]
    source = [path for path in own if path.suffix[1:] in SOURCE and len(longest_line(path)) > 15]
    manifests = [path for path in own if path.name in MANIFESTS]
    lines = set(line.strip() for line in text.splitlines())
    # Some number the lines, some indent them.
    has = lambda line: not line.strip() or line.strip() in lines or line.strip() in text
    whole = lambda path: all(has(line) for line in path.read_text(errors="replace").splitlines())
    secret = run(command, planted, out)[1]
    needle = lambda text, canary: next(line for line in text.format(canary).splitlines() if canary in line)
    let_through = [name for name, planted in CANARIES.items() if needle(*planted) in secret]
    return {
        "ms": round(min(took for took, _ in runs) * 1000),
        "tokens": -(-len(text.encode()) // 4),
        "source": f"{sum(longest_line(path) in text for path in source)}/{len(source)}",
        "manifests": f"{sum(map(whole, manifests))}/{len(manifests)}",
        "secrets": let_through,
        "same": len({text for _, text in runs}) == 1,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wizard", default="target/release/wizard")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=COMMAND")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("trees", nargs="+", type=Path)
    arguments = parser.parse_args()
    wizard = Path(arguments.wizard).resolve()
    programs = {"wizard": f"{shlex.quote(str(wizard))} airplane flatten {{tree}}"}
    programs.update(peer.split("=", 1) for peer in arguments.peer)
    rows = []
    with tempfile.TemporaryDirectory(prefix="flatten-") as temporary:
        for tree in arguments.trees:
            copies = [Path(temporary) / kind / tree.name for kind in ("plain", "planted")]
            for copy in copies:
                shutil.copytree(tree, copy, symlinks=True)
                subprocess.run(["git", "init", "-q"], cwd=copy, check=True)
            for name, (text, canary) in CANARIES.items():
                path = copies[1] / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text.format(canary))
            for name, command in programs.items():
                out = Path(temporary) / "out"
                out.unlink(missing_ok=True)
                try:
                    row = measure(command, *copies, out)
                except (RuntimeError, OSError, subprocess.TimeoutExpired) as why:
                    row = {"failed": str(why)}
                rows.append({"tree": tree.name, "program": name, **row})
                if not arguments.json:
                    print("  ".join(f"{value}" for value in rows[-1].values()), flush=True)
    if arguments.json:
        json.dump(rows, sys.stdout, indent=1)
        return
    print()
    for name in programs:
        own = [row for row in rows if row["program"] == name and "failed" not in row]
        sums = lambda key: [sum(int(row[key].split("/")[at]) for row in own) for at in (0, 1)]
        (kept, all_source), (whole, manifests) = sums("source"), sums("manifests")
        let_through = sum(len(row["secrets"]) for row in own)
        print(
            f"{name}: {len(own)} trees, {sum(row['ms'] for row in own)} ms, {sum(row['tokens'] for row in own)} tokens, "
            f"source {kept}/{all_source}, manifests {whole}/{manifests}, secrets let through {let_through} of {len(own) * len(CANARIES)}, "
            f"same each time: {all(row['same'] for row in own)}"
        )


if __name__ == "__main__":
    main()
