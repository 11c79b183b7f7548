#!/usr/bin/env python3
"""Makes the manual pages: of each command from what the program says of itself, of the
configuration from its page in docs/.

    pgretain --experimental-dump-help | man-pages.py --date 2026-11-26 --version 0.1.0 \\
        --configuration docs/configuration.md DIRECTORY
"""
import argparse
import json
import pathlib
import re
import sys


def escaped(text):
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    text = text.replace("^", "\\(ha").replace("~", "\\(ti")
    return re.sub(r"^([.'])", r"\\&\1", text, flags=re.MULTILINE)


def inline(text):
    """Markdown within a paragraph."""
    text = re.sub(r"\[([^\]`]*|`[^`]*`)\]\([^)]*\)", r"\1", text)
    text = re.sub(r" \((?:how)\)", "", text)
    pieces = re.split(r"(`[^`]+`|\*\*[^*]+\*\*)", text)
    result = ""
    for piece in pieces:
        mark = 1 if piece.startswith("`") else 2 if piece.startswith("**") else 0
        inner = escaped(piece[mark:-mark] if mark else piece)
        result += f"\\fB{inner}\\fR" if mark else inner
    return result


def verbatim(lines):
    return [".RS 4", ".nf", *(escaped(line) if line else "\\&" for line in lines), ".fi", ".RE"]


class Page:
    def __init__(self, name, section, abstract, options):
        self.name, self.section = name, section
        title = escaped(name.upper())
        self.lines = [
            f'.TH "{title}" "{section}" "{options.date}" "pgretain {options.version}" "pgretain"',
            ".SH NAME",
            f"{escaped(name)} \\- {escaped(abstract[0].lower() + abstract[1:].rstrip('.'))}",
        ]

    def heading(self, text):
        self.lines.append(f'.SH "{escaped(text.upper())}"')

    def add(self, *lines):
        if lines[0] == ".PP" and self.lines[-1].startswith(".SH"):
            lines = lines[1:]
        self.lines += lines

    def write(self, directory):
        path = directory / f"{self.name}.{self.section}"
        path.write_text("\n".join(self.lines) + "\n", encoding="utf-8")


def spelled(name):
    dashes = "-" if name["kind"] in ("short", "longWithSingleDash") else "--"
    return dashes + name["name"]


def shown(command):
    return [a for a in command.get("arguments", []) if a.get("shouldDisplay", True)]


def synopsis(words, command):
    parts = [f"\\fB{escaped(' '.join(words))}\\fR"]
    if command.get("subcommands"):
        parts.append("\\fIcommand\\fR")
    if any(a["kind"] != "positional" for a in shown(command)):
        parts.append("[\\fIoption\\fR ...]")
    for argument in shown(command):
        if argument["kind"] == "positional":
            value = f"\\fI{escaped(argument['valueName'])}\\fR"
            value += " ..." if argument["isRepeating"] else ""
            parts.append(f"[{value}]" if argument["isOptional"] else value)
    return " ".join(parts)


def option(argument):
    if argument["kind"] == "positional":
        term = f"\\fI{escaped(argument['valueName'])}\\fR"
    else:
        names = sorted(argument["names"], key=lambda name: name["kind"] != "short")
        term = ", ".join(f"\\fB{escaped(spelled(name))}\\fR" for name in names)
        if argument["kind"] == "option":
            term += f" \\fI{escaped(argument['valueName'])}\\fR"
    said = argument.get("abstract", "")
    if argument.get("allValues"):
        said += f" ({', '.join(argument['allValues'])})"
    if argument.get("defaultValue"):
        said += f" Default: {argument['defaultValue']}."
    return [".TP", term, inline(said) or "\\&"]


def discussion(page, text):
    """Headings in capitals, blocks that are indented, and paragraphs."""
    for block in text.strip("\n").split("\n\n"):
        lines = block.split("\n")
        if re.fullmatch(r"[A-Z ]+", lines[0]):
            page.heading(lines.pop(0))
        elif all(not line.startswith(" ") for line in lines):
            page.add(".PP")
        if lines and lines[0].startswith(" "):
            page.add(*verbatim([line[2:] for line in lines]))
        else:
            page.add(*(inline(line) for line in lines))


def command_pages(words, command, options, directory):
    page = Page("-".join(words), 1, command.get("abstract") or " ".join(words), options)
    page.heading("Synopsis")
    page.add(synopsis(words, command))
    page.heading("Description")
    page.add(inline(command.get("abstract", "")))
    below = [c for c in command.get("subcommands", []) if c["commandName"] != "help"]
    text = command.get("discussion", "")
    # What is said in sentences belongs to the description, above what has a heading.
    blocks = text.strip("\n").split("\n\n") if text else []
    blocks.sort(key=lambda block: bool(re.match(r"[A-Z ]+(\n|$)", block)))
    discussion(page, "\n\n".join(blocks)) if blocks else None
    if shown(command):
        page.heading("Options")
        for argument in shown(command):
            page.add(*option(argument))
    if below:
        page.heading("Commands")
        for inner in below:
            name = "-".join(words + [inner["commandName"]])
            page.add(".TP", f"\\fB{escaped(name)}\\fR(1)", inline(inner.get("abstract", "")))
    page.heading("See also")
    around = ["-".join(words[:-1])] if len(words) > 1 else []
    page.add(", ".join(f"\\fB{escaped(n)}\\fR(1)" for n in around) + (
        ", " if around else "") + "\\fBpgretain.yaml\\fR(5), /usr/share/doc/pgretain")
    page.write(directory)
    for inner in below:
        command_pages(words + [inner["commandName"]], inner, options, directory)


def table_row(line):
    cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
    key, default, meaning = cells
    said = inline(meaning)
    return [".TP", inline(key), said, ".br", f"Default: {inline(default)}" if default not in (
        "required", "none") else {"required": "Required.", "none": "None by default."}[default]]


def configuration_page(text, options, directory):
    page = Page("pgretain.yaml", 5, "what pgretain keeps, for how long, and where the rest goes",
                options)
    page.heading("Description")
    lines = iter(text.split("\n")[1:])
    paragraph = []

    def flush():
        if paragraph:
            page.add(".PP", *(inline(" ".join(paragraph)).split("\n")))
            paragraph.clear()

    inside = False
    for line in lines:
        if line.startswith("```"):
            flush()
            block = []
            while not (line := next(lines)).startswith("```"):
                block.append(line)
            page.add(".PP", *verbatim(block))
        elif line.startswith("|"):
            flush()
            if line.startswith("| key ") or set(line) <= set("|- :"):
                if not inside:
                    page.heading("Keys")
                inside = True
            else:
                page.add(*table_row(line))
        elif line.startswith("## "):
            flush()
            page.heading(line[3:])
        elif line.startswith("- "):
            flush()
            page.add(".IP \\(bu 2")
            words = [line[2:]]
            for line in lines:
                if line.startswith("  "):
                    words.append(line.strip())
                    continue
                page.add(inline(" ".join(words)))
                words = None
                if line.startswith("- "):
                    page.add(".IP \\(bu 2")
                    words = [line[2:]]
                    continue
                break
            if words:
                page.add(inline(" ".join(words)))
        elif line.strip():
            paragraph.append(line)
        else:
            flush()
    flush()
    page.heading("See also")
    page.add("\\fBpgretain\\fR(1), /usr/share/doc/pgretain")
    page.write(directory)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--date", required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--configuration", type=pathlib.Path, required=True)
    parser.add_argument("directory", type=pathlib.Path)
    options = parser.parse_args()
    options.directory.mkdir(parents=True, exist_ok=True)
    command_pages(["pgretain"], json.load(sys.stdin)["command"], options, options.directory)
    configuration_page(options.configuration.read_text(encoding="utf-8"), options,
                       options.directory)


if __name__ == "__main__":
    main()
