"""Tool calls whose answers are held to what the server promises in its tool list."""

import json

from jsonschema import Draft202012Validator

# What a refusal always says.
REFUSAL = {"success": bool, "error": str, "code": str, "hint": str}


class Tools:
    """The tools of a connected server."""

    def __init__(self, client, listed):
        self.client = client
        self.listed = listed
        self.validators = {
            name: Draft202012Validator(tool.output_schema) for name, tool in listed.items()
        }

    @classmethod
    async def of(cls, client):
        """Lists the tools, page by page, and checks their schemas."""
        listed, cursor = {}, None
        while True:
            page = await client.list_tools(cursor=cursor)
            for tool in page.tools:
                assert tool.name not in listed, f"{tool.name} is listed twice"
                listed[tool.name] = tool
            cursor = page.next_cursor
            if cursor is None:
                break
        for tool in listed.values():
            check_tool(tool)
        return cls(client, listed)

    async def call(self, name, **arguments):
        """The structured content of an answer that is no refusal."""
        answer, refused = await self.answer(name, arguments)
        assert not refused, f"{name} {arguments} was refused: {answer}"
        return answer

    async def refused(self, name, code, mentions=(), **arguments):
        """The structured content of a refusal with this code, whose words mention all of `mentions`."""
        answer, refused = await self.answer(name, arguments)
        assert refused, f"{name} {arguments} should be refused with {code}, but: {answer}"
        fields(answer, REFUSAL)
        assert answer["success"] is False, answer
        assert answer["code"] == code, f"{name} {arguments}: not {code}, but {answer}"
        said = f"{answer['error']} {answer['hint']}"
        assert answer["error"] and answer["hint"], answer
        for word in mentions:
            assert word in said, f"{name} {arguments}: {word!r} is not in {said!r}"
        return answer

    async def answer(self, name, arguments):
        """Calls a tool: the structured content, and whether it is a refusal."""
        result = await self.client.call_tool(name, arguments)
        answer = result.structured_content
        assert isinstance(answer, dict), f"{name} gave no structured content: {result}"
        self.validators[name].validate(answer)
        texts = [block.text for block in result.content if block.type == "text"]
        assert len(texts) == len(result.content) == 1, f"{name} gave not one text: {result.content}"
        assert json.loads(texts[0]) == answer, f"{name}: {texts[0]} is not {answer}"
        return answer, bool(result.is_error)


def fields(answer, expected):
    """Every expected field is there, with its type or value. Further fields are allowed."""
    for name, wanted in expected.items():
        assert name in answer, f"{name!r} is missing in {answer}"
        found = answer[name]
        if isinstance(wanted, type):
            # In Python a bool is an int; in JSON it is not.
            right = isinstance(found, wanted) and (wanted is bool or not isinstance(found, bool))
            assert right, f"{name!r} is no {wanted.__name__} in {answer}"
        else:
            assert found == wanted, f"{name!r} is {found!r}, not {wanted!r}, in {answer}"


def check_tool(tool):
    """The schemas of a tool are ones that every known client can read."""
    assert tool.title or (tool.annotations and tool.annotations.title) or tool.description, tool.name
    for side, schema in (("input", tool.input_schema), ("output", tool.output_schema)):
        place = f"{tool.name} {side}"
        assert schema is not None, f"{place}: no schema"
        assert schema.get("type") == "object", f"{place}: not of type object"
        Draft202012Validator.check_schema(schema)
        check_schema(schema, place)


def check_schema(schema, place):
    """No boolean schema for a value, which hides all tools from some clients, and no `uint` format,
    about which some validators complain at every call."""
    assert isinstance(schema, dict), f"{place}: the schema is {schema!r}"
    assert not str(schema.get("format", "")).startswith("uint"), f"{place}: {schema['format']}"
    for group in ("properties", "patternProperties", "$defs", "definitions"):
        for name, inner in schema.get(group, {}).items():
            check_schema(inner, f"{place} {group}.{name}")
    for group in ("anyOf", "oneOf", "allOf", "prefixItems"):
        for at, inner in enumerate(schema.get(group, [])):
            check_schema(inner, f"{place} {group}[{at}]")
    if "items" in schema:
        check_schema(schema["items"], f"{place} items")
    if isinstance(schema.get("additionalProperties"), dict):
        check_schema(schema["additionalProperties"], f"{place} additionalProperties")
