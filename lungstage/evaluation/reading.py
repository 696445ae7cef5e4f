"""A JSON file in, its content out, or one line that says what is wrong with it."""

from __future__ import annotations

import json
from pathlib import Path

from ..errors import UnreadableInput


def read_json(path: Path, schema: str | None = None) -> dict:
    """The object in a file; UnreadableInput if it is none, or of another schema."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise UnreadableInput(f"{path}: {error}; this is not JSON that can be read") from error
    if not isinstance(content, dict):
        raise UnreadableInput(f"{path}: this is JSON, but no object")
    if schema and content.get("schema") != schema:
        raise UnreadableInput(f'{path}: the schema is {content.get("schema")!r}, expected "{schema}"')
    return content
