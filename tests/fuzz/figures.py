"""What all batches came to: counts, and the messages that users would read."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from tests.fuzz.batch import Batch

_VARYING = re.compile(r"'[^']*'|\"[^\"]*\"|\S*/\S+|[-+]?\d[\d.e+-]*|\S*\\\S*")
_UNFORESEEN = re.compile(r"[A-Z]\w*(?:Error|Exception): ")
"""How the message of a `render` begins that is a bug of the child's own code."""
EXAMPLES = 400
SLOW_S = 10.0


@dataclass
class Figures:
    """The sum of batches."""

    inputs: int = 0
    runs: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    formats: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    child_deaths: int = 0
    worker_deaths: int = 0
    bugs: int = 0
    """Outcomes that are an exception which nobody has foreseen, of the worker or of a child."""
    escapes: list[str] = field(default_factory=list)
    slow: list[tuple[float, str]] = field(default_factory=list)
    messages: dict[tuple[str, str], str] = field(default_factory=dict)
    """By code and by what does not vary of it, the first message of its kind."""

    def add(self, batch: Batch) -> None:
        """Count a batch."""
        self.runs += 1
        self.inputs += len(batch.outcomes) + len(batch.missing)
        self.child_deaths += batch.child_deaths
        self.worker_deaths += batch.worker_died
        self.escapes += batch.escapes
        self.codes["no outcome"] += len(batch.missing)
        for name, line in batch.outcomes.items():
            code = line.get("code") or line["outcome"]
            self.codes[code] += 1
            self.formats[line["file_identifier"].rpartition(".")[2]][code] += 1
            took = sum(line.get("seconds", {}).values())
            if took > SLOW_S:
                self.slow.append((took, name))
            if code == "internal" or _UNFORESEEN.match(line.get("message", "")):
                self.bugs += 1
            if "message" in line:
                kind = code, _VARYING.sub("…", line["message"])
                self.messages.setdefault(kind, f"{name}: {line['message']}"[:EXAMPLES])

    @property
    def bad(self) -> bool:
        """Whether something happened that never may."""
        return bool(self.escapes or self.worker_deaths or self.bugs)

    def line(self) -> str:
        """The counts so far, in one line."""
        codes = ", ".join(f"{code} {count}" for code, count in sorted((+self.codes).items()))
        return (
            f"{self.inputs} inputs: {codes}; child deaths {self.child_deaths}, "
            f"escapes {len(self.escapes)}, worker deaths {self.worker_deaths}"
        )

    def table(self) -> str:
        """All of it, as a table in Markdown."""
        rows = [
            ("inputs", self.inputs),
            ("runs", self.runs),
            *((f"outcome `{code}`", count) for code, count in (+self.codes).most_common()),
            ("child deaths", self.child_deaths),
            (f"objects over {SLOW_S:.0f} s", len(self.slow)),
            ("escapes", len(self.escapes)),
            ("worker deaths", self.worker_deaths),
            ("unforeseen exceptions", self.bugs),
        ]
        text = ["| | |", "| --- | ---: |", *(f"| {what} | {count} |" for what, count in rows), ""]
        for suffix, codes in sorted(self.formats.items()):
            counts = ", ".join(f"{code} {count}" for code, count in codes.most_common())
            text.append(f"- {suffix}: {counts}")
        return "\n".join(text)
