"""RunPod as this installation is set up for it: what has to be set yet, which pods are ours."""

import hashlib
import socket
from ipaddress import ip_address
from urllib.parse import urlsplit

from lib.domain.offers import NO_ADDRESS, NO_IMAGE, NO_MODEL_TOKEN, NOT_CONNECTED
from lib.settings import settings

_GATED = "meta-llama/"  # models that the hub gives to accounts that have agreed to their licence


def missing() -> str | None:
    """What has to be set before a job can start at RunPod, in plain words; None: nothing."""
    chosen = settings()
    if chosen.runpod_api_key is None:
        return NOT_CONNECTED
    if chosen.trainer_image is None:
        return NO_IMAGE
    if is_of_this_machine(chosen.public_url) and not is_of_this_machine(chosen.runpod_api_url):
        return NO_ADDRESS  # pods of a stand-in on this machine would reach it
    if chosen.rented_base_model.startswith(_GATED) and chosen.hf_token is None:
        return NO_MODEL_TOKEN
    return None


def pod_prefix() -> str:
    """Begins the names of this installation's pods, the same in all its processes.

    RUNPOD_PREFIX, or made from the address under which it is known, or, where that is this machine
    to everybody, from its database.
    """
    chosen = settings()
    if chosen.runpod_prefix is not None:
        return chosen.runpod_prefix
    known_as = urlsplit(chosen.public_url).netloc
    if is_of_this_machine(chosen.public_url):
        served = urlsplit(chosen.database_url or "")
        here = f"{socket.gethostname()}:{chosen.data_path}"
        known_as = f"{served.hostname}:{served.port}{served.path}" if served.hostname else here
    return f"desk-{hashlib.sha256(known_as.encode()).hexdigest()[:8]}"


def is_of_this_machine(address: str) -> bool:
    """Whether nobody but this machine reaches the address."""
    host = urlsplit(address).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
