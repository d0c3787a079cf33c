"""Mounted files and images: files are kept by hash and laid out as folders that containers see; images are accepted."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import AsyncIterator, Sequence
from pathlib import Path, PurePosixPath

from grpclib import Status
from modal_proto import api_pb2

from .blobs import BlobStore
from .ids import content_id
from .rpc import Caller, missing, refuse, rpc
from .settings import Settings

ROOT = PurePosixPath("/root")


class FileStore:
    """Files by sha256, mounts as lists of them, and folders in which sets of mounts lie as containers see them."""

    def __init__(self, folder: Path) -> None:
        self._contents = folder / "files"
        self._trees = folder / "trees"
        self._contents.mkdir()
        self._trees.mkdir()
        self._known: set[str] = set()
        self.mounts: dict[str, list[tuple[PurePosixPath, str]]] = {}

    def has(self, sha256: str) -> bool:
        """Whether the file is there."""
        return sha256 in self._known

    def absent(self, hashes: Sequence[str]) -> list[str]:
        """Those that are not there."""
        return [sha256 for sha256 in hashes if sha256 not in self._known]

    def put(self, sha256: str, data: bytes) -> None:
        """Keep a file. Raises GRPCError if it is not what its hash says."""
        if hashlib.sha256(data).hexdigest() != sha256:
            raise refuse(Status.INVALID_ARGUMENT, "the bytes do not have the announced sha256")
        (self._contents / sha256).write_bytes(data)
        self._known.add(sha256)

    def tree(self, mount_ids: Sequence[str]) -> Path:
        """The folder that stands for ``/`` of containers with these mounts. Made once, shared, the files read-only."""
        made = self._trees / content_id("tr", *mount_ids)
        if made.exists():
            return made
        draft = made.with_suffix(".new")
        for mount_id in mount_ids:
            for path, sha256 in self.mounts.get(mount_id, ()):
                target = draft / path.relative_to("/")
                target.parent.mkdir(parents=True, exist_ok=True)
                target.unlink(missing_ok=True)
                target.write_bytes((self._contents / sha256).read_bytes())
                target.chmod(0o444)
        (draft / ROOT.relative_to("/")).mkdir(parents=True, exist_ok=True)
        draft.rename(made)
        return made


class FileService:
    """RPCs of mounts and images."""

    def __init__(self, settings: Settings, store: FileStore, blobs: BlobStore) -> None:
        self._settings = settings
        self._store = store
        self._blobs = blobs
        self._images: set[str] = set()

    @rpc
    async def mount_batched_check_existence(
        self, request: api_pb2.MountBatchedCheckExistenceRequest, caller: Caller
    ) -> api_pb2.MountBatchedCheckExistenceResponse:
        """Which files must be sent."""
        made = api_pb2.MountBatchedCheckExistenceResponse(
            missing_sha256_hex_hashes=self._store.absent(list(request.sha256_hex_hashes))
        )
        made.checked_at.GetCurrentTime()
        return made

    @rpc
    async def mount_put_file(
        self, request: api_pb2.MountPutFileRequest, caller: Caller
    ) -> api_pb2.MountPutFileResponse:
        """A file, or the question whether it is there."""
        kind = request.WhichOneof("data_oneof")
        if kind is not None:
            data = request.data if kind == "data" else self._blobs.read(request.data_blob_id)
            self._store.put(request.sha256_hex, data)
        return api_pb2.MountPutFileResponse(exists=self._store.has(request.sha256_hex))

    @rpc
    async def mount_get_or_create(
        self, request: api_pb2.MountGetOrCreateRequest, caller: Caller
    ) -> api_pb2.MountGetOrCreateResponse:
        """A set of files; or one of the mounts that Modal itself publishes (its client, Pythons), which are empty here."""
        if request.deployment_name and not request.files:
            if request.namespace != api_pb2.DEPLOYMENT_NAMESPACE_GLOBAL:
                raise missing(f"Mount '{request.deployment_name}' not found")
            mount_id = content_id("mo", "global", request.deployment_name)
            self._store.mounts.setdefault(mount_id, [])
        else:
            files = sorted((file.filename, file.sha256_hex) for file in request.files)
            gone = self._store.absent([sha256 for _, sha256 in files])
            if gone:
                raise refuse(Status.FAILED_PRECONDITION, f"{len(gone)} files of the mount were not uploaded")
            mount_id = content_id("mo", *(part for file in files for part in file))
            self._store.mounts[mount_id] = [(_inside(name), sha256) for name, sha256 in files]
        return api_pb2.MountGetOrCreateResponse(
            mount_id=mount_id,
            handle_metadata=api_pb2.MountHandleMetadata(content_checksum_sha256_hex=mount_id),
        )

    def _metadata(self) -> api_pb2.ImageMetadata:
        return api_pb2.ImageMetadata(
            python_version_info=f"Python {platform.python_version()}",
            workdir=str(ROOT),
            image_builder_version=self._settings.image_builder_version,
        )

    @rpc
    async def image_get_or_create(
        self, request: api_pb2.ImageGetOrCreateRequest, caller: Caller
    ) -> api_pb2.ImageGetOrCreateResponse:
        """Every image is built already; nothing of its recipe is done."""
        image_id = content_id("im", request.image.SerializeToString(deterministic=True))
        self._images.add(image_id)
        return api_pb2.ImageGetOrCreateResponse(image_id=image_id, result=_SUCCESS, metadata=self._metadata())

    @rpc
    async def image_join_streaming(
        self, request: api_pb2.ImageJoinStreamingRequest, caller: Caller
    ) -> AsyncIterator[api_pb2.ImageJoinStreamingResponse]:
        """The end of a build."""
        self._known(request.image_id)
        yield api_pb2.ImageJoinStreamingResponse(result=_SUCCESS, eof=True, metadata=self._metadata())

    @rpc
    async def image_from_id(
        self, request: api_pb2.ImageFromIdRequest, caller: Caller
    ) -> api_pb2.ImageFromIdResponse:
        """An image."""
        self._known(request.image_id)
        return api_pb2.ImageFromIdResponse(image_id=request.image_id, metadata=self._metadata())

    def _known(self, image_id: str) -> None:
        if image_id not in self._images:
            raise missing(f"No Image with ID '{image_id}' found.")


_SUCCESS = api_pb2.GenericResult(status=api_pb2.GenericResult.GENERIC_STATUS_SUCCESS)


def _inside(name: str) -> PurePosixPath:
    path = PurePosixPath("/", name)
    if ".." in path.parts:
        raise refuse(Status.INVALID_ARGUMENT, f"a mounted file cannot lie at {name!r}")
    return path
