"""Two rules about imports that import-linter has no contract for; pyproject.toml applies them."""

from __future__ import annotations

import sys
from graphlib import CycleError, TopologicalSorter
from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class OnlyContract(Contract):
    """`modules`, and all below them, import the standard library and `may_import` alone."""

    type_name = "only"
    modules: Any = fields.ListField(subfield=fields.StringField())
    may_import: Any = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002 - its form
        """Every direct import that is not allowed, with its line."""
        importers = {
            each for module in self.modules for each in (module, *graph.find_descendants(module))
        }
        wrong = [
            f"{importer}:{detail['line_number']} imports {imported}"
            for importer in sorted(importers)
            for imported in sorted(graph.find_modules_directly_imported_by(importer))
            if not self._allowed(imported)
            for detail in graph.get_import_details(importer=importer, imported=imported)
        ]
        return ContractCheck(kept=not wrong, metadata={"wrong": wrong})

    def _allowed(self, imported: str) -> bool:
        return imported in sys.stdlib_module_names or any(
            f"{imported}.".startswith(f"{name}.") for name in self.may_import
        )

    def render_broken_contract(self, check: ContractCheck) -> None:
        """A line for each import."""
        for line in check.metadata["wrong"]:
            output.print_error(line)


class NoCirclesContract(Contract):
    """No file imports itself by way of others; a package's ``__init__`` counts as a file.

    import-linter's own `acyclic_siblings` compares what lies side by side, so a package and a file
    inside it may import each other there.
    """

    type_name = "no_circles"

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002 - its form
        """One circle, if there is any."""
        imports = {each: graph.find_modules_directly_imported_by(each) for each in graph.modules}
        try:
            TopologicalSorter(imports).prepare()
        except CycleError as error:
            # It lists each file before the one that imports it.
            return ContractCheck(kept=False, metadata={"circle": error.args[1][::-1]})
        return ContractCheck(kept=True, metadata={})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """The circle in one line."""
        output.print_error(" -> ".join(check.metadata["circle"]))
