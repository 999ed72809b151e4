"""
Checks an OpenAPI document, and answers against it, with programs that are not ours.

    check-openapi.py <file>     {"document": …, "answers": [{"what": …, "schema": a JSON pointer, "body": …}]}

Prints what is wrong, a line each; nothing when all is well.
"""

import json
import sys

from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

DOCUMENT = "urn:document"


def main(path: str) -> None:
    with open(path, encoding="utf-8") as file:
        given = json.load(file)
    document = given["document"]
    for error in OpenAPIV31SpecValidator(document).iter_errors():
        print(f"document: {'/'.join(map(str, error.absolute_path))}: {error.message[:300]}")
    registry = Registry().with_resource(DOCUMENT, Resource(contents=document, specification=DRAFT202012))
    schemas = [f"#/components/schemas/{name}" for name in document["components"]["schemas"]]
    for schema in schemas:
        Draft202012Validator.check_schema(at(document, schema))
    for answer in given["answers"]:
        reference = {"$ref": DOCUMENT + answer["schema"]}
        validator = Draft202012Validator(
            reference, registry=registry, format_checker=Draft202012Validator.FORMAT_CHECKER
        )
        for error in validator.iter_errors(answer["body"]):
            print(f"{answer['what']}: {'/'.join(map(str, error.absolute_path))}: {error.message[:300]}")


def at(document: dict, pointer: str):
    value = document
    for part in pointer[2:].split("/"):
        value = value[part.replace("~1", "/").replace("~0", "~")]
    return value


main(sys.argv[1])
