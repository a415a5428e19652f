"""The text format in which Prometheus reads metrics, strictly parsed.

The grammar: https://prometheus.io/docs/instrumenting/exposition_formats
"""

import math
import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"'
SAMPLE = re.compile(rf"(?P<name>{NAME})(?:\{{(?P<labels>(?:{LABEL},?)*)\}})? (?P<value>\S+)(?: -?\d+)?")
KINDS = {"counter", "gauge", "histogram", "summary", "untyped"}
# What the samples of a metric may be called beside its own name.
SUFFIXES = {"histogram": {"_bucket", "_sum", "_count"}, "summary": {"", "_sum", "_count"}}


class Exposition:
    """Metrics by name; raises ValueError at the first line that breaks the format.

    kinds     name -> "counter", "gauge", "histogram", ...
    helps     name -> text
    samples   (sample name, frozenset of (label, value)) -> number
    """

    def __init__(self, text):
        self.kinds, self.helps, self.samples = {}, {}, {}
        self._current = None
        if not text.endswith("\n"):
            raise ValueError("the last line does not end")
        for number, line in enumerate(text.splitlines(), start=1):
            try:
                self._take(line)
            except ValueError as error:
                raise ValueError(f"line {number}, {line!r}: {error}") from error
        for name, kind in self.kinds.items():
            if kind == "histogram":
                self._check_histogram(name)

    def value(self, metric, /, **labels):
        """The sample with exactly these labels."""
        return self.samples[(metric, frozenset(labels.items()))]

    def total(self, metric, /, **labels):
        """The sum of the samples that have these labels, among others."""
        wanted = set(labels.items())
        return sum(value for (n, have), value in self.samples.items() if n == metric and wanted <= have)

    def label_values(self, name, label):
        """All values of a label, in order."""
        return sorted(dict(have)[label] for (n, have) in self.samples if n == name)

    def _take(self, line):
        if line.startswith("# HELP "):
            name, _, text = line.removeprefix("# HELP ").partition(" ")
            if name in self.helps:
                raise ValueError("a second help text")
            self.helps[name] = text
        elif line.startswith("# TYPE "):
            name, kind = line.removeprefix("# TYPE ").split(" ")
            if name in self.kinds or kind not in KINDS:
                raise ValueError("a second type, or one that does not exist")
            self.kinds[name] = kind
            self._current = name
        elif not line.startswith("#") and line:
            self._take_sample(line)

    def _take_sample(self, line):
        match = SAMPLE.fullmatch(line)
        if not match:
            raise ValueError("not a sample")
        name, labels = match["name"], re.findall(LABEL, match["labels"] or "")
        kind = self.kinds.get(self._current)
        if name not in {f"{self._current}{suffix}" for suffix in SUFFIXES.get(kind, {""})}:
            raise ValueError(f"a sample among those of {self._current}")
        key = (name, frozenset(labels))
        if len(dict(labels)) != len(labels) or key in self.samples:
            raise ValueError("a label or a sample twice")
        self.samples[key] = float(match["value"])

    def _check_histogram(self, name):
        """Buckets are cumulative and end with all values."""
        series = {}
        for (sample, labels), value in self.samples.items():
            if sample == name + "_bucket":
                rest = frozenset(item for item in labels if item[0] != "le")
                series.setdefault(rest, []).append((float(dict(labels)["le"]), value))
        for rest, buckets in series.items():
            bounds, counts = zip(*sorted(buckets))
            if list(counts) != sorted(counts) or not math.isinf(bounds[-1]):
                raise ValueError(f"{name}: buckets are not cumulative, or +Inf is missing")
            if counts[-1] != self.samples[(name + "_count", rest)]:
                raise ValueError(f"{name}: the last bucket is not the count")
