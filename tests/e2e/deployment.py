"""What the files in examples/deploy start, read from them and started here: the same commands, the same settings.

What differs is where things are: other hosts and ports, and no container around.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2
import yaml
from click.testing import CliRunner, Result

from tests.servers.server import free_port

ROOT: Final = Path(__file__).parents[2]
DEPLOY: Final = ROOT / "examples" / "deploy"
SERVICES: Final = ROOT / "examples" / "services"
SECRETS: Final = {"NATS_PASSWORD": "secretA1", "POSTGRES_PASSWORD": "secretB2"}
PORT: Final = "8000"
"""Where the image listens."""
START_WITHIN: Final = 120.0
LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_VARIABLE: Final = re.compile(r"\$\{(\w+)(?::([-?])([^{}]*))?\}")  # one without another one in it


@dataclass(frozen=True)
class Container:
    """One container of a service, as a manifest describes it.

    Args:
        name: How others call it.
        arguments: What follows the image's entry point.
        environment: All of its settings.
        replicas: How many there are.
        started: The path that says that it has started.
        alive: The path that says that it needs no restart.
        grace: Seconds that it gets to stop.
    """

    name: str
    arguments: list[str]
    environment: dict[str, str]
    replicas: int
    started: str
    alive: str
    grace: float


def manifests() -> Iterable[tuple[Path, dict[str, Any]]]:
    """Return what is in the folder of Kubernetes, each with its file."""
    for file in sorted((DEPLOY / "kubernetes").glob("*.yaml")):
        if file.stem != "kustomization":
            yield from ((file, each) for each in yaml.load_all(file.read_text("utf-8"), LOADER))


def compose() -> dict[str, Any]:
    """Return the Compose file with its variables filled in."""
    return dict(yaml.load(interpolated((DEPLOY / "compose.yaml").read_text("utf-8"), SECRETS), LOADER))


def check_compose(file: Path) -> Result:
    """Check a Compose file by the schema of Compose."""
    from check_jsonschema import main  # which takes longer to import than most tests take

    return CliRunner().invoke(main, ["--builtin-schema", "vendor.compose-spec", str(file)])


def interpolated(text: str, variables: Mapping[str, str]) -> str:
    """Fill in `${NAME}`, `${NAME:-default}` and `${NAME:?error}` as Compose does, from the innermost outwards."""

    def value(found: re.Match[str]) -> str:
        name, kind, rest = found.groups()
        if name in variables:
            return variables[name]
        assert kind == "-", f"{name} is not set: {rest}"
        return rest

    while (filled := _VARIABLE.sub(value, text)) != text:
        text = filled
    return text


def of_compose() -> list[Container]:
    """Return the services that run our image."""
    return [
        Container(
            name=name,
            arguments=each["command"],
            environment=each["environment"],
            replicas=1,
            started="/health",
            alive="/health/live",
            grace=float(each["stop_grace_period"].removesuffix("s")),
        )
        for name, each in compose()["services"].items()
        if "build" in each
    ]


def of_kubernetes() -> list[Container]:
    """Return the deployments that run our image."""
    return [_of_deployment(each) for _, each in manifests() if each["kind"] == "Deployment"]


def _of_deployment(deployment: dict[str, Any]) -> Container:
    pod = deployment["spec"]["template"]["spec"]
    [container] = pod["containers"]
    environment: dict[str, str] = {}
    for variable in container["env"]:
        if "valueFrom" in variable:
            key = variable["valueFrom"]["secretKeyRef"]["key"]
            environment[variable["name"]] = SECRETS[key.upper().replace("-", "_")]
        else:
            # As Kubernetes: only variables that stand before it.
            environment[variable["name"]] = re.sub(
                r"\$\((\w+)\)", lambda found: environment[found[1]], variable["value"]
            )
    return Container(
        name=deployment["metadata"]["name"],
        arguments=container["args"],
        environment=environment,
        replicas=deployment["spec"]["replicas"],
        started=container["startupProbe"]["httpGet"]["path"],
        alive=container.get("livenessProbe", container["readinessProbe"])["httpGet"]["path"],
        grace=float(pod.get("terminationGracePeriodSeconds", 30)),
    )


def instructions(name: str) -> list[str]:
    """Return the arguments of each instruction of that name in the Dockerfile."""
    lines = (DEPLOY / "Dockerfile").read_text("utf-8").splitlines()
    return [line.removeprefix(f"{name} ") for line in lines if line.startswith(f"{name} ")]


@dataclass
class Instance:
    """One process of a container.

    Args:
        container: What it is.
        folder: Where its output is kept.
        port: Where it answers.
    """

    container: Container
    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def start(self, environment: Mapping[str, str]) -> None:
        """Start it; it is not ready yet."""
        [entry_point] = instructions("ENTRYPOINT")
        elsewhere = {"python": sys.executable, "0.0.0.0": "127.0.0.1", PORT: str(self.port)}
        command = [elsewhere.get(word, word) for word in [*json.loads(entry_point), *self.container.arguments]]
        python_path = os.pathsep.join([str(SERVICES), os.environ.get("PYTHONPATH", "")])
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                cwd=SERVICES,
                # Nothing of this machine's: a setting that is missing in the manifest is missing here.
                env={"PATH": os.environ["PATH"], "PYTHONPATH": python_path, "PYTHONUNBUFFERED": "1", **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def log(self) -> Path:
        return self.folder / f"{self.container.name}-{self.port}.log"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def probe(self, path: str) -> int:
        """Return the status of an answer; 0 where nobody answers."""
        with suppress(httpx2.TransportError):
            return httpx2.get(self.url + path, timeout=5.0, trust_env=False).status_code
        return 0

    def becomes(self, path: str, status: int) -> None:
        """Wait until a probe is answered in this way."""
        deadline = time.monotonic() + START_WITHIN
        while (got := self.probe(path)) != status:
            assert self.process is not None
            assert self.process.poll() is None, f"{self.container.name} ended:\n{self.log.read_text()}"
            assert time.monotonic() < deadline, f"{self.container.name}{path}: {got}\n{self.log.read_text()}"
            time.sleep(0.05)

    def stop(self) -> int:
        """Send SIGTERM; return how it ended, and fail where the grace period is not enough."""
        if self.process is None:
            return 0
        try:
            self.process.send_signal(signal.SIGTERM)
            return self.process.wait(self.container.grace)
        finally:
            self.process.kill()
            self.process.wait()
            self.process = None


class Deployed:
    """The services of a deployment, each at the addresses that its settings name.

    Args:
        containers: What is to run.
        hosts: Where the servers are, by the authorities in the settings: `nats:4222`.
        folder: Where output is kept.
    """

    def __init__(self, containers: list[Container], hosts: Mapping[str, str], folder: Path) -> None:
        self.folder = folder
        self.instances = [Instance(each, folder) for each in containers for _ in range(each.replicas)]
        # A name leads to one of a service's instances, as a Service's address does.
        first = {each.container.name: each.port for each in reversed(self.instances)}
        self.hosts = dict(hosts)
        for name, port in first.items():
            self.hosts |= {f"//{name}:{PORT}": f"//127.0.0.1:{port}", f"//{name}/": f"//127.0.0.1:{port}/"}
            self.hosts[f"//{name}"] = f"//127.0.0.1:{port}"

    def environment(self, container: Container) -> dict[str, str]:
        """Return the settings, with the addresses of this machine in them."""
        moved = {}
        for name, value in container.environment.items():
            for there, here in self.hosts.items():
                if there in value:
                    value = value.replace(there, here)
                    if urlsplit(value).scheme == "http":
                        break
            moved[name] = value
        return moved

    def __enter__(self) -> Deployed:
        return self

    def __exit__(self, *_: object) -> None:
        for instance in self.instances:
            if instance.process is not None:
                instance.process.kill()
                instance.process.wait()

    def start(self) -> None:
        """Start all at once, as Kubernetes does, and wait until all have started."""
        for instance in self.instances:
            self.launch(instance)
        for instance in self.instances:
            instance.becomes(instance.container.started, 200)

    def launch(self, instance: Instance) -> None:
        """Start one."""
        instance.start(self.environment(instance.container))

    def of(self, name: str) -> list[Instance]:
        """Return the instances of a service."""
        return [each for each in self.instances if each.container.name == name]

    def one(self, name: str) -> Instance:
        """Return one instance of a service."""
        return self.of(name)[0]
