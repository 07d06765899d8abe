"""The part of JSON Schema that docs/reference/cli/schema uses: problems(value, schema) -> [text]."""
import re

TYPES = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    "null": lambda v: v is None,
}
KNOWN = {"$schema", "title", "description", "type", "enum", "pattern", "minimum", "properties",
         "required", "additionalProperties", "items", "oneOf"}


def problems(value, schema, where="$"):
    unknown = set(schema) - KNOWN
    if unknown:
        return [f"{where}: the schema uses {sorted(unknown)}, which this validator lacks"]
    found = []
    if "oneOf" in schema:
        matches = [each for each in schema["oneOf"] if not problems(value, each, where)]
        if len(matches) != 1:
            found.append(f"{where}: matches {len(matches)} of the alternatives")
    types = schema.get("type")
    if types is not None:
        types = types if isinstance(types, list) else [types]
        if not any(TYPES[name](value) for name in types):
            return found + [f"{where}: {value!r} is not {' or '.join(types)}"]
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{where}: {value!r} is not one of {schema['enum']}")
    if "pattern" in schema and isinstance(value, str) and not re.search(schema["pattern"], value):
        found.append(f"{where}: {value!r} does not match {schema['pattern']}")
    if "minimum" in schema and isinstance(value, (int, float)) and value < schema["minimum"]:
        found.append(f"{where}: {value} is less than {schema['minimum']}")
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        for name in schema.get("required", []):
            if name not in value:
                found.append(f"{where}: {name} is missing")
        rest = schema.get("additionalProperties", True)
        for name, member in value.items():
            if name in properties:
                found += problems(member, properties[name], f"{where}.{name}")
            elif rest is False:
                found.append(f"{where}: {name} is not in the schema")
            elif isinstance(rest, dict):
                found += problems(member, rest, f"{where}.{name}")
    if isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            found += problems(item, schema["items"], f"{where}[{index}]")
    return found
