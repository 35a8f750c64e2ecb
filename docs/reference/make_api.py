"""Prints `api.md`, drawn from the OpenAPI of the service."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, cast

from incidents.app import create_app
from incidents.rules.permissions import Permission, roles_with
from incidents.work import Office

HEAD = """\
# The HTTP API

Drawn from the OpenAPI by `make docs`. A running server shows the whole, with every shape, at
`/api/v1/docs` and `/api/v1/openapi.json` (OpenAPI 3.1).

- **Who**: `Authorization: Bearer toc_live_…`. A `toc_test_…` token opens drills and nothing else.
  `tocsin token create NAME --role ROLE` makes one; it lives 90 days at the most.
- **Once**: send `Idempotency-Key` with every write. The same key and body give the same answer for
  30 days; another body gives 422, one still in flight 409.
- **Edits**: a reply carries `ETag`; an edit sends it back as `If-Match`. Missing is 428, stale 412.
- **Errors**: `application/problem+json` with `title`, `status`, `detail`, and `problems`: each with
  `field`, `why` and `mend`.
- **Lists**: `limit` (up to 200), `offset`, `sort`; the reply holds `items`, `total`, `next`.
- **Moments** are ISO 8601 with a zone, answered in UTC; places ISO 3166; languages BCP 47."""

_METHODS = ("get", "post", "put", "patch", "delete")


def page() -> str:
    """The whole page."""
    api = create_app(cast(Office, None)).openapi()
    by_tag: dict[str, list[str]] = defaultdict(list)
    for path, operations in api["paths"].items():
        for method in _METHODS:
            if method in operations:
                by_tag[operations[method]["tags"][0]].append(
                    _row(path, method, operations[method], api)
                )
    return "\n".join([HEAD, *_sections(by_tag)]) + "\n"


def _sections(by_tag: Mapping[str, list[str]]) -> Iterator[str]:
    for tag, rows in by_tag.items():
        yield f"\n## {tag.capitalize()}\n"
        yield "| route | body | who may | what it does |\n|---|---|---|---|"
        yield from rows


def _row(path: str, method: str, operation: Any, api: Mapping[str, Any]) -> str:
    route = f"`{method.upper()} {path.removeprefix('/api/v1')}`"
    what = " ".join(operation.get("description", "").split()).replace("|", "\\|")
    return f"| {route} | {_body(operation, api)} | {_who(operation)} | {what} |"


def _body(operation: Any, api: Mapping[str, Any]) -> str:
    content = operation.get("requestBody", {}).get("content", {})
    for media, one in content.items():
        if media != "application/json":
            return str(media)
        name = one["schema"].get("$ref", "").rpartition("/")[2]
        shape = api["components"]["schemas"].get(name, {})
        needed = shape.get("required", [])
        fields = [f"**{f}**" if f in needed else f for f in shape.get("properties", {})]
        return ", ".join(fields)
    return ""


def _who(operation: Any) -> str:
    permission = operation.get("x-permission")
    if not permission:
        return "signed" if "webhooks" in operation["tags"] else "anybody"
    return ", ".join(role.value.replace("_", " ") for role in roles_with(Permission(permission)))


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201
