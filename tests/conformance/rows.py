"""Rows of Arrow tables compared as multisets, and the types of their columns."""

import collections
import math

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt


def type_text(t):
    """The type as text: layouts, nullability and the names of list items make no difference."""
    if pt.is_dictionary(t):
        return type_text(t.value_type)
    if pt.is_string(t) or pt.is_large_string(t) or pt.is_string_view(t):
        return "string"
    if pt.is_binary(t) or pt.is_large_binary(t) or pt.is_binary_view(t):
        return "binary"
    if pt.is_decimal(t):
        return f"decimal({t.precision},{t.scale})"
    if pt.is_map(t):
        return f"map<{type_text(t.key_type)},{type_text(t.item_type)}>"
    if pt.is_list(t) or pt.is_large_list(t) or pt.is_list_view(t) or pt.is_large_list_view(t):
        return f"list<{type_text(t.value_type)}>"
    if pt.is_struct(t):
        return "struct<" + ",".join(sorted(f"{f.name}:{type_text(f.type)}" for f in t)) + ">"
    if pt.is_timestamp(t):
        return f"timestamp[{t.unit}{', UTC' if t.tz else ''}]"
    return str(t)


def schema_text(schema):
    """The columns by name, each with its type."""
    return {field.name: type_text(field.type) for field in schema}


def plain_type(t):
    """The type to cast to before values are taken: Python's dates and times end at year 9999,
    and its times drop what is below a microsecond."""
    if pt.is_timestamp(t):
        return pa.int64()
    if pt.is_date32(t):
        return pa.int32()
    if pt.is_dictionary(t):
        return plain_type(t.value_type)
    if pt.is_map(t):
        return pa.map_(plain_type(t.key_type), plain_type(t.item_type))
    if pt.is_list(t) or pt.is_large_list(t) or pt.is_list_view(t):
        return pa.list_(plain_type(t.value_type))
    if pt.is_struct(t):
        return pa.struct([(f.name, plain_type(f.type)) for f in t])
    if pt.is_string_view(t):
        return pa.string()
    if pt.is_binary_view(t):
        return pa.binary()
    return t


def plain(value, t):
    """A value that can be hashed; equal for equal values whatever the order of a map."""
    if value is None:
        return None
    if pt.is_map(t):
        pairs = [(plain(k, t.key_type), plain(v, t.item_type)) for k, v in value]
        return ("map",) + tuple(sorted(pairs, key=repr))
    if pt.is_list(t):
        return ("list",) + tuple(plain(v, t.value_type) for v in value)
    if pt.is_struct(t):
        fields = sorted(t, key=lambda f: f.name)
        return ("struct",) + tuple(plain(value[f.name], f.type) for f in fields)
    if pt.is_floating(t) and math.isnan(value):
        return "NaN"  # no number equals a text, so this is a value of its own
    return value


def column_values(column):
    target = plain_type(column.type)
    if target != column.type:
        column = column.cast(target)
    return [plain(v, target) for v in column.to_pylist()]


def sorted_flat(table):
    """The rows as plain columns in an order that only their values decide, or None where a
    column is nested, which Arrow cannot sort."""
    names, columns = sorted(table.column_names), []
    for name in names:
        column = table.column(name)
        target = plain_type(column.type)
        if pt.is_nested(target):
            return None
        if pt.is_floating(target):
            column = pc.add(column, pa.scalar(0.0, target))  # -0.0 becomes 0.0
        columns.append(column.cast(target).combine_chunks())
    keys = [(f"c{i}", "ascending") for i in range(len(columns))]
    flat = pa.table(columns, names=[key for key, _ in keys])
    return flat.take(pc.sort_indices(flat, keys)) if keys else None


def same_flat(got, want):
    """True where both hold the same rows for sure; NaN and nested columns are left to the slow
    way, which is also the one to say what differs."""
    a, b = sorted_flat(got), sorted_flat(want)
    return a is not None and b is not None and a.equals(b)


def multiset(table):
    """The rows with their columns in the order of the names, and how often each is there."""
    names = sorted(table.column_names)
    if not names:
        return collections.Counter({(): table.num_rows})
    return collections.Counter(zip(*(column_values(table.column(n)) for n in names)))


def close(a, b):
    """Equal, or floats that differ in the last bits, which the order of a sum decides."""
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=1e-12)
    return a == b


def loose(types):
    """Engines differ in the width of what they count in."""
    return {n: "integer" if t.lstrip("u").startswith("int") else t for n, t in types.items()}


def difference(got, want, of_views=False):
    """None where both tables hold the same rows, else what differs, in a few lines. Results of
    views may differ in the width of integers and in the last bits of floats."""
    types, wanted = schema_text(got.schema), schema_text(want.schema)
    if of_views:
        types, wanted = loose(types), loose(wanted)
    if types != wanted:
        names = [n for n in {**wanted, **types} if types.get(n) != wanted.get(n)]
        return "; ".join(f"column {n}: {types.get(n)}, not {wanted.get(n)}" for n in names)
    if got.num_rows != want.num_rows:
        return f"{got.num_rows} rows, not {want.num_rows}"
    if same_flat(got, want):
        return None
    rows, expected = multiset(got), multiset(want)
    extra, missing = rows - expected, expected - rows
    if not extra and not missing:
        return None
    if of_views:
        pairs = zip(sorted(extra.elements(), key=repr), sorted(missing.elements(), key=repr))
        if all(close(a, b) for x, y in pairs for a, b in zip(x, y)):
            return None
    return (f"columns {sorted(got.column_names)}: {extra.total()} rows too many, as "
            f"{shown(extra)}; {missing.total()} missing, as {shown(missing)}")


def shown(rows):
    text = repr(next(iter(rows), None))
    return text if len(text) < 400 else text[:400] + "..."
