"""Builds the front end into build/static: scripts and styles by esbuild, and a sprite of the icons that are used.

`--watch` keeps rebuilding scripts and styles while sources change.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
ASSETS = HERE / "assets"
OUT = ROOT / "build" / "static"
META = ROOT / "build" / "meta.json"
ICONS = HERE / "node_modules" / "@tabler" / "icons" / "icons"

# What pages load; scripts import the rest, some of it only when an element needs it.
ENTRIES = ["js/app.js", "css/app.css"]


def bundle(*, watch: bool) -> None:
    node = shutil.which("node")
    if node is None:
        sys.exit("There is no node on the PATH; `make setup` brings one and calls this script with it.")
    command = [
        node, str(HERE / "node_modules" / "esbuild" / "bin" / "esbuild"),
        *(str(ASSETS / entry) for entry in ENTRIES),
        "--bundle", "--minify", "--splitting", "--format=esm", "--target=es2022",
        "--loader:.woff2=file", "--asset-names=fonts/[name]", "--chunk-names=js/[name]-[hash]",
        "--entry-names=[dir]/[name]", f"--outbase={ASSETS}", f"--outdir={OUT}",
        "--legal-comments=linked", f"--metafile={META}", "--log-level=warning",
    ]  # fmt: skip
    if watch:
        command.append("--watch")
    result = subprocess.run(command, cwd=HERE, check=False)  # noqa: S603
    if result.returncode:
        sys.exit(result.returncode)


def sprite() -> None:
    """One <symbol> per line of icons.txt, its id the icon's name. `filled/NAME` is the filled form."""
    names = [line.split("#", 1)[0].strip() for line in (ASSETS / "icons.txt").read_text().splitlines()]
    symbols = [_symbol(name) for name in sorted({name for name in names if name})]
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "icons.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg">' + "".join(symbols) + "</svg>\n", encoding="utf-8"
    )


def _symbol(name: str) -> str:
    form, _, plain = name.rpartition("/")
    source = ICONS / (form or "outline") / f"{plain}.svg"
    try:
        drawing = source.read_text(encoding="utf-8")
    except FileNotFoundError:
        sys.exit(f"icons.txt names {name}, which the icon set doesn't have.")
    inside = re.sub(r"^.*?<svg[^>]*>|</svg>\s*$", "", drawing, flags=re.DOTALL)
    inside = re.sub(r'<path stroke="none" d="M0 0h24v24H0z" fill="none" ?/>', "", inside)
    inside = re.sub(r">\s+<", "><", inside).strip()
    identity = f"{plain}-filled" if form == "filled" else plain
    # An icon inherits its colour from the text around it, and its stroke's width from the style sheet.
    look = 'fill="currentColor" stroke="none"' if form == "filled" else (
        'fill="none" stroke="currentColor" stroke-linecap="round" stroke-linejoin="round"'
    )  # fmt: skip
    return f'<symbol id="{identity}" viewBox="0 0 24 24" {look}>{inside}</symbol>'


def main() -> None:
    shutil.rmtree(OUT, ignore_errors=True)
    sprite()
    bundle(watch="--watch" in sys.argv)
    sizes = json.loads(META.read_text())["outputs"]
    total = sum(output["bytes"] for output in sizes.values())
    sys.stdout.write(f"{len(sizes)} files, {total // 1024} kB.\n")


if __name__ == "__main__":
    main()
