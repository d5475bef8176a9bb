"""Small faults in the code of src, drawn by a seed from its syntax tree: what `make mutate-code` puts in.

A fault is what a hand slips into a line that means something: a comparison that turns or takes its bound in, a number
off by one, half or twice, a sign, a wrong operator, `and` for `or`, a condition, a `not` or a check left out, two
arguments swapped, another reduction. Left alone: texts, types, decorators, what is raised, and in figures the looks.
"""

import ast
import copy
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "chainofsteps"
TURNED = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
OPERATORS = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
}
PAIRS = {"min": "max", "any": "all", "floor": "ceil", "mean": "sum", "argmin": "argmax", "minimum": "maximum"}
PAIRS |= {other: one for one, other in PAIRS.items() if other != "sum"}
FIXED_ORDER = {
    "isinstance",
    "issubclass",
    "getattr",
    "hasattr",
    "setattr",
    "print",
    "TypeVar",
    "NewType",
    "Path",
    "open",
}
SAID = {
    "print",
    "warn",
    "write",
    "error",
    "info",
    "set_progress_bar_config",
    "TypeVar",
}  # what is lost with them is a text alone
LOOKS = {"text", "legend", "annotate", "tick_params", "grid", "axis", "margins", "despine", "supylabel", "supxlabel"}
PATHS = ("path", "folder", "root", "place", "file", "name")


class Replace(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self.new if node is self.old else self.generic_visit(node)


@dataclass(frozen=True, eq=False)
class Fault:
    """module: its path below the package, and its tree; old, new: a node of the tree and what comes in its place;
    around: the node that holds it."""

    module: str
    tree: ast.Module
    old: ast.AST
    new: ast.AST
    around: ast.AST

    @property
    def line(self) -> int:
        return getattr(self.old, "lineno", 0) or next(ast.iter_child_nodes(self.old)).lineno

    @property
    def change(self) -> str:
        """Before and after, in one line: of a number and the like, what holds it."""
        if isinstance(self.old, ast.Constant | ast.Slice | ast.UnaryOp | ast.comprehension):
            return f"{shown(self.around)}  ->  {shown(replaced(self.around, self.old, self.new))}"
        return f"{shown(self.old)}  ->  {shown(self.new)}"

    @property
    def source(self) -> str:
        """The whole module with the fault, without comments."""
        return ast.unparse(ast.fix_missing_locations(replaced(self.tree, self.old, self.new)))


def shown(node: ast.AST) -> str:
    return ast.unparse(node).strip().partition("\n")[0]


def replaced(tree: ast.AST, old: ast.AST, new: ast.AST) -> ast.AST:
    """A copy of a tree with another node in it."""
    tree, old, new = copy.deepcopy((tree, old, new))
    return Replace(old, new).visit(tree)


def like(node: ast.AST, **changed: object) -> ast.AST:
    """A node as this one but for some fields."""
    return ast.copy_location(type(node)(**{**dict(ast.iter_fields(node)), **changed}), node)


def textual(node: ast.AST) -> bool:
    """Whether a sum or quotient of this is one of texts, lists or paths, where another operator only crashes."""
    if isinstance(node, ast.List | ast.ListComp | ast.JoinedStr | ast.Tuple):
        return True
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str | bytes)
    if isinstance(node, ast.BinOp):
        return textual(node.left) or textual(node.right)
    return any(word in ast.unparse(node).lower() for word in PATHS)


def of_compare(node: ast.Compare) -> Iterator[ast.AST]:
    for at, operator in enumerate(node.ops):
        for turned in TURNED[type(operator)]:
            yield like(node, ops=[*node.ops[:at], turned(), *node.ops[at + 1 :]])


def of_boolean(node: ast.BoolOp) -> Iterator[ast.AST]:
    yield like(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
    for at in range(len(node.values)):
        left = [*node.values[:at], *node.values[at + 1 :]]
        yield left[0] if len(left) == 1 else like(node, values=left)


def of_unary(node: ast.UnaryOp) -> Iterator[ast.AST]:
    if not isinstance(node.op, ast.UAdd):
        yield node.operand


def of_binary(node: ast.BinOp) -> Iterator[ast.AST]:
    if textual(node.left) or textual(node.right):
        return
    masks = any(isinstance(found, ast.Compare | ast.Not | ast.Invert) for found in ast.walk(node))
    if isinstance(node.op, ast.BitOr):
        capital = any(isinstance(side, ast.Name) and side.id[0].isupper() for side in (node.left, node.right))
        if masks:
            yield like(node, op=ast.BitAnd())
        elif not capital:
            yield like(node, left=node.right, right=node.left)
    elif type(node.op) in OPERATORS:
        yield like(node, op=OPERATORS[type(node.op)]())
        if isinstance(node.op, ast.Sub | ast.Div):
            yield like(node, left=node.right, right=node.left)


def of_constant(node: ast.Constant) -> Iterator[ast.AST]:
    if isinstance(node.value, bool):
        yield like(node, value=not node.value)
    elif isinstance(node.value, int):
        yield from (like(node, value=node.value + by) for by in ((1, -1) if node.value else (1,)))
    elif isinstance(node.value, float) and node.value:
        yield from (like(node, value=node.value * by) for by in (2, 0.5))


def of_condition(node: ast.If | ast.While | ast.IfExp) -> Iterator[ast.AST]:
    """A `not` put in; a comparison and the like turn by themselves."""
    if isinstance(node.test, ast.Name | ast.Attribute | ast.Call | ast.Subscript):
        yield like(node, test=ast.copy_location(ast.UnaryOp(ast.Not(), node.test), node.test))


def of_comprehension(node: ast.comprehension) -> Iterator[ast.AST]:
    for at in range(len(node.ifs)):
        yield like(node, ifs=[*node.ifs[:at], *node.ifs[at + 1 :]])


def called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def of_call(node: ast.Call) -> Iterator[ast.AST]:
    name = called(node)
    if name in PAIRS:
        function = {"attr": PAIRS[name]} if isinstance(node.func, ast.Attribute) else {"id": PAIRS[name]}
        yield like(node, func=like(node.func, **function))
    if name not in FIXED_ORDER and len(node.args) >= 2:
        first, second, *rest = node.args
        alike = type(first) is type(second) and isinstance(first, ast.Name | ast.Attribute | ast.Subscript | ast.BinOp)
        if alike and ast.unparse(first) != ast.unparse(second):
            yield like(node, args=[second, first, *rest])


def of_slice(node: ast.Slice) -> Iterator[ast.AST]:
    for bound in ("lower", "upper"):
        if getattr(node, bound) is not None:
            yield like(node, **{bound: None})


def of_statement(node: ast.Expr) -> Iterator[ast.AST]:
    if isinstance(node.value, ast.Call):
        yield ast.copy_location(ast.Pass(), node)


FAULTS = {
    ast.Compare: of_compare,
    ast.BoolOp: of_boolean,
    ast.UnaryOp: of_unary,
    ast.BinOp: of_binary,
    ast.Constant: of_constant,
    ast.If: of_condition,
    ast.While: of_condition,
    ast.IfExp: of_condition,
    ast.comprehension: of_comprehension,
    ast.Call: of_call,
    ast.Slice: of_slice,
    ast.Expr: of_statement,
}


def left_alone(node: ast.AST, looks: bool) -> bool:
    """Whether no fault within this means anything. looks: in a figure."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return left_alone(node.value, looks)
    if isinstance(node, ast.If):
        return ast.unparse(node.test) in ("TYPE_CHECKING", "__name__ == '__main__'")
    if isinstance(node, ast.Call) and called(node) in SAID:
        return True
    if looks and isinstance(node, ast.Call):
        return called(node) in LOOKS or called(node).startswith("set_")
    recipe = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]).startswith("RECIPE")
    return recipe or isinstance(node, ast.Raise | ast.JoinedStr | ast.Import | ast.ImportFrom)


def meaning(node: ast.AST, looks: bool, around: ast.AST, within: bool = False) -> Iterator[tuple[ast.AST, ast.AST]]:
    """The nodes whose faults mean something, each with the node around it. looks: of a figure, where a number means
    something `within` an index, a comparison or a calculation alone. A recipe has no other truth than itself."""
    if left_alone(node, looks):
        return
    within = within or isinstance(node, ast.Subscript | ast.Compare | ast.BinOp)
    number = isinstance(node.operand if isinstance(node, ast.UnaryOp) else node, ast.Constant)
    if within or not (looks and number):
        yield node, around
    recipe = isinstance(node, ast.Call) and called(node) == "Noun"
    for field, value in ast.iter_fields(node):
        if field not in ("annotation", "returns", "decorator_list") and not (recipe and field == "args"):
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from meaning(child, looks, around if isinstance(node, ast.keyword) else node, within)


def faults(module: str, text: str) -> list[Fault]:
    """All faults of a module, in the order of its text."""
    tree = ast.parse(text)
    nodes = [found for found in meaning(tree, module.startswith("figures/"), tree) if type(found[0]) in FAULTS]
    return [Fault(module, tree, node, new, around) for node, around in nodes for new in FAULTS[type(node)](node)]


def drawn(module: str, text: str, seed: int) -> list[Fault]:
    """All faults of a module in the order in which a seed draws them: first a line, then a fault of the line.

    Another module that changes moves nothing here.
    """
    by_line: dict[int, list[Fault]] = {}
    for fault in faults(module, text):
        by_line.setdefault(fault.line, []).append(fault)
    draw = random.Random(f"{seed} {module}")
    found = []
    while by_line:
        line = draw.choice(list(by_line))
        found.append(by_line[line].pop(draw.randrange(len(by_line[line]))))
        if not by_line[line]:
            del by_line[line]
    return found


def modules(seed: int, parts: Sequence[str] = ()) -> list[str]:
    """The modules of the package, as a seed orders them; parts: how their paths below the package begin."""
    found = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))
    found = [module for module in found if not parts or module.startswith(tuple(parts))]
    return sorted(found, key=lambda module: random.Random(f"{seed} order {module}").random())
