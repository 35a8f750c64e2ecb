"""The OpenAPI document: FastAPI's own, with errors told as they really are."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI

from incidents.api.problems import MEDIA_TYPE, ProblemView

# What any guarded route may answer; those that write may answer more.
_READING = (400, 401, 403, 404, 422, 503)
_WRITING = (*_READING, 409, 412, 413, 415, 428)


def document_problems(app: FastAPI) -> None:
    """Say in the OpenAPI document how errors look: as problem+json, on every route."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = plain()
            for operations in document["paths"].values():
                for method, operation in operations.items():
                    _document(method, operation)
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            schema = ProblemView.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas |= schema.pop("$defs") | {"ProblemView": schema}
            for unused in ("HTTPValidationError", "ValidationError"):
                schemas.pop(unused, None)
        return app.openapi_schema or {}

    app.openapi = openapi  # type: ignore[method-assign]


def _document(method: str, operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    if "security" in operation:
        for status in _READING if method == "get" else _WRITING:
            responses.setdefault(str(status), {})
    for status, response in responses.items():
        if not response or _is_problem(response):
            response.setdefault("description", HTTPStatus(int(status)).phrase)
            response["content"] = {
                MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemView"}}
            }


def _is_problem(response: dict[str, Any]) -> bool:
    schema = response.get("content", {}).get("application/json", {}).get("schema", {})
    return str(schema.get("$ref", "")).endswith(("/ProblemView", "/HTTPValidationError"))
