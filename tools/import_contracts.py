"""Two import-linter contracts for rules that it does not have; pyproject.toml uses them."""

from __future__ import annotations

import sys
from graphlib import CycleError, TopologicalSorter
from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class OnlyContract(Contract):
    """`modules` and their descendants import only the standard library and `may_import`."""

    type_name = "only"
    modules: Any = fields.ListField(subfield=fields.StringField())
    may_import: Any = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002 - its form
        """Find every direct import that is not allowed, with its line number."""
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
        """Print a line for each forbidden import."""
        for line in check.metadata["wrong"]:
            output.print_error(line)


class NoCirclesContract(Contract):
    """No module imports itself through others; a package's ``__init__`` counts as a module.

    import-linter's `acyclic_siblings` compares only siblings, so it allows a package and a module
    inside it to import each other.
    """

    type_name = "no_circles"

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002 - its form
        """Find one circle, if there are any."""
        imports = {each: graph.find_modules_directly_imported_by(each) for each in graph.modules}
        try:
            TopologicalSorter(imports).prepare()
        except CycleError as error:
            # The error lists each module before the one that imports it.
            return ContractCheck(kept=False, metadata={"circle": error.args[1][::-1]})
        return ContractCheck(kept=True, metadata={})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print the circle in one line."""
        output.print_error(" -> ".join(check.metadata["circle"]))
