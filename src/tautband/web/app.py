"""The application: its addresses, each page with its JSON twin; no state, no login, nothing logged of a case."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache, partial
from importlib.resources import files
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse
from fastapi.staticfiles import StaticFiles
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from tautband import __version__
from tautband.assessment import Case, assess, read_case, write_assessment, write_case
from tautband.assessment.markdown import assessment_markdown
from tautband.assessment.wording import LIMITS
from tautband.atlas import Atlas
from tautband.atlas.body.load import VERSION
from tautband.document import MAX_BYTES
from tautband.errors import TautbandError
from tautband.loopback import NAMES, SecurityHeaders
from tautband.web import overlays, pages, views


async def case_bytes(request: Request) -> bytes:
    """The body of a request, read no further than a case may reach."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MAX_BYTES:
            raise HTTPException(413, f"case: more than the {MAX_BYTES:,} bytes a case may have")
    return bytes(content)


CaseBytes = Annotated[bytes, Depends(case_bytes)]


def create_app(atlas: Atlas | None = None) -> FastAPI:
    """Make the application.

    Parameters
    ----------
    atlas
        The atlas to judge by; the shipped one by default.
    """
    known = atlas or Atlas.load()
    app = FastAPI(
        title="tautband",
        version=__version__,
        summary="From a pain drawing to a ranked, explained differential for dry needling practice.",
        description=f"{LIMITS} Nothing is kept: every answer follows from the request alone.",
        docs_url=None,
        redoc_url=None,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    app.add_middleware(GZipMiddleware, minimum_size=1000)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(NAMES))
    app.add_middleware(SecurityHeaders)
    _errors(app)
    _pages(app, known)
    _api(app, known)
    _pictures(app, known)
    app.mount("/assets", StaticFiles(packages=[("tautband.web", "assets")]), name="assets")
    return app


def _pages(app: FastAPI, atlas: Atlas) -> None:
    @app.get("/", response_class=HTMLResponse, summary="The page; its JSON twin is /api", tags=["pages"])
    def page() -> str:
        return pages.page(atlas)

    @app.post(
        "/assess",
        response_class=HTMLResponse,
        summary="A case in, its assessment for the page out; the JSON twin is /api/assess",
        tags=["pages"],
        openapi_extra=_takes_a_case(),
        responses=_refusals(),
    )
    async def panel(
        content: CaseBytes, chosen: str = "", skipped: str = "", reasons: bool = True
    ) -> HTMLResponse:
        """Give the panel beside the drawing as HTML.

        `chosen` is the cause to show on the body, as `kind:id:side`; `skipped` the steps somebody declined, as
        `id:side` separated by commas; without `reasons` the answer comes sooner and says no why.
        """
        wish = pages.Wish(chosen, frozenset(filter(None, skipped.split(","))), reasons)
        return HTMLResponse(await run_in_threadpool(_panel, content, wish, atlas))

    @app.post(
        "/assess.md",
        response_class=PlainTextResponse,
        summary="A case in, its assessment as Markdown out",
        tags=["pages"],
        openapi_extra=_takes_a_case(),
        responses=_refusals(),
    )
    async def markdown(content: CaseBytes) -> Response:
        """Give the same text as `tautband assess --format markdown`."""
        text = await run_in_threadpool(_markdown, content, atlas)
        return Response(text, media_type="text/markdown; charset=utf-8")


def _api(app: FastAPI, atlas: Atlas) -> None:
    @app.get("/api", summary="What this is and where everything is; the JSON twin of /", tags=["API"])
    def index() -> dict[str, Any]:
        return {
            "name": "tautband",
            "version": __version__,
            "atlas": atlas.version,
            "body": VERSION,
            "limits": LIMITS,
            "assess": "/api/assess",
            "example": "/api/example",
            "views": "/body/neutral.json",
            "openapi": "/openapi.json",
        }

    @app.get("/api/example", summary="The worked example, a tautband.case/1", tags=["API"])
    def example() -> Response:
        return Response(pages.example(), media_type="application/json")

    @app.post(
        "/api/case",
        summary="A tautband.case/1 in, the same case out with today's ids",
        tags=["API"],
        openapi_extra=_takes_a_case(),
        responses=_refusals(),
    )
    async def case(content: CaseBytes) -> dict[str, Any]:
        """Read a case and write it again, former ids replaced by those the atlas has now."""
        return write_case(await run_in_threadpool(read_case, content, atlas))

    @app.post(
        "/api/seen/{view}",
        summary="What shows in a view of a drawing painted in other views",
        tags=["body"],
        openapi_extra=_takes_a_case(),
        responses=_refusals(),
    )
    async def seen(content: CaseBytes, view: str) -> list[dict[str, Any]]:
        """Give per stroke its index in the drawing and an SVG path in the coordinates of the view."""
        case = await run_in_threadpool(read_case, content, atlas)
        if (found := await run_in_threadpool(views.seen, case, view)) is None:
            raise HTTPException(404, "there is no such view")
        return found

    @app.post(
        "/api/assess",
        summary="A tautband.case/1 in, a tautband.assessment/1 out",
        tags=["API"],
        openapi_extra=_takes_a_case(),
        responses={
            200: {
                "content": {"application/json": {"schema": _schema("assessment")}},
                "description": "The assessment",
            },
            **_refusals(),
        },
    )
    async def assessment(content: CaseBytes) -> Response:
        """Give to the byte what `tautband assess CASE --format json` prints."""
        return Response(await run_in_threadpool(_assessment, content, atlas), media_type="application/json")


def _pictures(app: FastAPI, atlas: Atlas) -> None:
    @app.get("/body/{shape}.json", summary="The views of a shape and the names of its regions", tags=["body"])
    def shape_index(request: Request, shape: str) -> Response:
        return _kept(request, views.index(shape, atlas), "application/json")

    @app.get("/body/{shape}/{view}.json", summary="One view to paint on", tags=["body"])
    def one_view(request: Request, shape: str, view: str) -> Response:
        return _kept(request, views.view_document(shape, view), "application/json")

    # making one takes as long as an assessment, and the same ones are asked for again and again
    drawn = lru_cache(maxsize=512)(partial(overlays.picture, atlas=atlas))

    @app.get(
        "/overlay/{kind}/{name}/{side}/{view}.svg",
        summary="Where a cause is felt, to lie over a view; the JSON twin is /api/overlay/…",
        tags=["body"],
    )
    def overlay(
        request: Request, kind: str, name: str, side: str, view: str, shape: str = "neutral"
    ) -> Response:
        return _kept(request, drawn(kind, name, side, view, shape), "image/svg+xml")

    @app.get(
        "/api/overlay/{kind}/{name}/{side}/{view}",
        summary="The zones and points of a cause that show in a view",
        tags=["API"],
    )
    def overlay_twin(kind: str, name: str, side: str, view: str, shape: str = "neutral") -> dict[str, Any]:
        return overlays.document(kind, name, side, view, shape, atlas)


def _assessment(content: bytes, atlas: Atlas) -> str:
    found = write_assessment(assess(read_case(content, atlas), atlas))
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def _markdown(content: bytes, atlas: Atlas) -> str:
    case = read_case(content, atlas)
    return assessment_markdown(case, assess(case, atlas), atlas)


def _panel(content: bytes, wish: pages.Wish, atlas: Atlas) -> str:
    case: Case = read_case(content, atlas)
    return pages.panel(case, assess(case, atlas, reasons=wish.reasons), atlas, wish)


def _kept(request: Request, content: str | None, media_type: str) -> Response:
    """An answer that a browser may keep and ask about again; none is a page that does not exist."""
    if content is None:
        raise HTTPException(404, "there is no such picture")
    tag = f'"{hashlib.sha256(content.encode()).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match", "").removeprefix("W/") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media_type, headers=headers)


def _errors(app: FastAPI) -> None:
    """Every failure is one line of JSON that names the field where there is one."""

    @app.exception_handler(TautbandError)
    def refused(_: Request, error: TautbandError) -> JSONResponse:
        field = str(error).partition(": ")[0]
        # `case:` is what is no document at all; anything else is a document with a fault
        return JSONResponse({"error": str(error), "field": field}, 400 if field == "case" else 422)

    @app.exception_handler(StarletteHTTPException)
    def unanswered(_: Request, error: StarletteHTTPException) -> JSONResponse:
        return JSONResponse({"error": error.detail}, error.status_code, headers=error.headers)

    @app.exception_handler(RequestValidationError)
    def misread(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"][1:])
        return JSONResponse({"error": f"{field}: {first['msg'].lower()}", "field": field}, 422)


def _schema(name: str) -> dict[str, Any]:
    text = (files("tautband") / "schema" / f"{name}.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    # inside another document a pointer starts at that document's root
    definitions = schema.pop("$defs", {})

    def inlined(node: Any) -> Any:
        if isinstance(node, dict):
            if (name := str(node.get("$ref", ""))).startswith("#/$defs/"):
                rest = {k: v for k, v in node.items() if k != "$ref"}
                return {**inlined(definitions[name.removeprefix("#/$defs/")]), **rest}
            return {k: inlined(v) for k, v in node.items() if k not in ("$schema", "$id")}
        return [inlined(item) for item in node] if isinstance(node, list) else node

    found: dict[str, Any] = inlined(schema)
    return found


def _takes_a_case() -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": _schema("case")}}}}


def _refusals() -> dict[int | str, dict[str, Any]]:
    schema = {
        "type": "object",
        "required": ["error"],
        "properties": {
            "error": {
                "type": "string",
                "description": "One line that names the field, the value and the mend.",
            },
            "field": {"type": "string", "description": "The field, such as pain[0].region."},
        },
    }
    content = {"application/json": {"schema": schema}}
    return {
        400: {"description": "No JSON document", "content": content},
        413: {"description": "Longer than a case may be", "content": content},
        422: {"description": "A case with a fault", "content": content},
    }
