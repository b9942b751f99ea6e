"""The files in examples/deploy say what Compose, Kubernetes, Docker and NATS understand, and what the services have."""

from __future__ import annotations

import importlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, Final

import kubernetes_validate
import pytest
import yaml

from eventkit import connect
from eventkit.delivery import dispatch, relay
from eventkit.delivery.worker import WorkerOptions
from tests.e2e.deployment import (
    DEPLOY,
    ROOT,
    SECRETS,
    Container,
    check_compose,
    compose,
    instructions,
    manifests,
    of_compose,
)
from tests.e2e.deployment import of_kubernetes as deployments
from tests.servers.fixtures import required
from tests.servers.nats import Nats

MANIFESTS: Final = [(f"{file.stem}-{each['kind']}", each) for file, each in manifests()]
CONTAINERS: Final = of_compose() + deployments()


def named(values: list[tuple[str, dict[str, Any]]]) -> Any:
    return pytest.mark.parametrize("manifest", [pytest.param(each, id=name) for name, each in values])


class TestSchemas:
    def test_the_compose_file_is_one(self) -> None:
        checked = check_compose(DEPLOY / "compose.yaml")
        assert checked.exit_code == 0, checked.stdout

    @pytest.mark.parametrize("version", ["1.30", "1.33"])  # the oldest that knows all that is used, and a newer one
    @named(MANIFESTS)
    def test_manifests_are_what_kubernetes_knows(self, manifest: dict[str, Any], version: str) -> None:
        kubernetes_validate.validate(manifest, version, strict=True)

    def test_a_field_that_kubernetes_does_not_know_is_seen(self) -> None:
        """The schemas are strict: a misspelt probe is no probe."""
        _, manifest = next(each for each in MANIFESTS if each[0] == "order-service-Deployment")
        text = json.dumps(manifest).replace("readinessProbe", "readynessProbe")
        with pytest.raises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(json.loads(text), "1.33", strict=True)

    def test_kustomize_takes_all_of_them(self) -> None:
        folder = DEPLOY / "kubernetes"
        listed = yaml.safe_load((folder / "kustomization.yaml").read_text())["resources"]
        assert sorted(listed) == sorted(each.name for each in folder.glob("*.yaml") if each.stem != "kustomization")


class TestSettings:
    @pytest.mark.parametrize("container", CONTAINERS, ids=lambda each: each.name)
    def test_each_variable_is_a_setting_of_the_service(self, container: Container) -> None:
        [argument] = container.arguments
        package = argument.removesuffix(".main:app")
        others = {"NATS_PASSWORD", "POSTGRES_PASSWORD", "EVENTKIT_BUS_URL"}  # for other variables, and for the CLI
        if package == "neighbours":
            known = {"NEIGHBOURS_BUS_URL"}
        else:
            settings = importlib.import_module(f"{package}.settings")
            known = {settings.PREFIX + name.upper() for name in settings.Settings.model_fields}
            # Each one that points somewhere: its default leads to this machine.
            assert {name for name in known if name.endswith("_URL")} <= set(container.environment)
        assert set(container.environment) - others <= known

    @pytest.mark.parametrize("container", CONTAINERS, ids=lambda each: each.name)
    def test_the_url_of_the_bus_can_be_read(self, container: Container) -> None:
        urls = [value for name, value in container.environment.items() if name.endswith("_BUS_URL")]
        assert len({connect(url).url for url in urls}) == 1
        assert SECRETS["NATS_PASSWORD"] in urls[0]

    @pytest.mark.parametrize("container", CONTAINERS, ids=lambda each: each.name)
    def test_there_is_time_to_stop(self, container: Container) -> None:
        """Requests, then handlers, then the outbox: as the services' `main.py` leave their blocks."""
        words = json.loads(instructions("ENTRYPOINT")[0])
        requests = float(words[words.index("--timeout-graceful-shutdown") + 1])
        handlers = WorkerOptions().grace + dispatch._LAST_CANCEL + dispatch._LAST_SETTLE
        ahead = 5.0 if container in deployments() else 0.0
        if not container.arguments[0].startswith("neighbours"):
            assert container.grace > ahead + requests + handlers + relay.DRAIN

    def test_no_secret_stands_in_a_file(self) -> None:
        for file in DEPLOY.rglob("*"):
            if file.is_file():
                for name in ("PASSWORD=", "password: "):
                    values = re.findall(rf"{name}(\S*)", file.read_text())
                    assert all(not value or value.startswith("$") for value in values), file

    def test_the_databases_are_the_same(self) -> None:
        statements = re.findall("CREATE DATABASE .*;", (DEPLOY / "databases.sql").read_text())
        [settings] = [each for name, each in MANIFESTS if name == "postgres-ConfigMap"]
        assert settings["data"]["databases.sql"].splitlines() == statements
        used = {
            value.rpartition("/")[2]
            for container in CONTAINERS
            for name, value in container.environment.items()
            if name.endswith("_DATABASE_URL")
        }
        assert used == {statement.split()[-1].rstrip(";") for statement in statements}

    def test_what_is_mounted_is_there(self) -> None:
        volumes = [volume for each in compose()["services"].values() for volume in each.get("volumes", ())]
        files = [volume.split(":")[0] for volume in volumes if volume.startswith("./")]
        assert len(files) == 2
        assert all((DEPLOY / file).is_file() for file in files)


@pytest.mark.parametrize("kind", ["compose", "kubernetes"])
def test_nats_understands_its_configuration(kind: str, tmp_path: Path) -> None:
    required(Nats)
    if kind == "compose":
        text = (DEPLOY / "nats.conf").read_text()
    else:
        [settings] = [each for name, each in MANIFESTS if name == "nats-ConfigMap"]
        text = settings["data"]["nats.conf"]
    (tmp_path / "nats.conf").write_text(text.replace("/data", str(tmp_path)).replace("/run/nats", str(tmp_path)))
    command = [str(Nats.program()), "-t", "--config", "nats.conf"]
    environment = {"PATH": os.environ["PATH"], "NATS_PASSWORD": SECRETS["NATS_PASSWORD"]}
    done = subprocess.run([*command], cwd=tmp_path, env={**environment, "POD_NAME": "nats-0"}, capture_output=True)
    assert done.returncode == 0, done.stderr

    unset = subprocess.run([*command], cwd=tmp_path, env={"PATH": os.environ["PATH"]}, capture_output=True)
    assert unset.returncode != 0


class TestDockerfile:
    @pytest.mark.slow
    def test_what_it_copies_is_enough_to_install(self, tmp_path: Path) -> None:
        """Build and install, without a network: what it brings along from there is here already."""
        for line in instructions("COPY")[:2]:
            *sources, target = line.split()
            for source in sources:
                copy(ROOT / source, tmp_path / target / source if (ROOT / source).is_file() else tmp_path / target)
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
        subprocess.run([*command, "--target", "installed", "."], cwd=tmp_path, check=True, timeout=200)
        program = "import eventkit.cli, eventkit.bus.nats; print(eventkit.__file__)"
        shown = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONPATH": str(tmp_path / "installed")},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout
        assert shown.startswith(str(tmp_path / "installed"))

    def test_what_it_installs_exists(self) -> None:
        [line] = [each for each in instructions("RUN") if "pip install" in each]
        words = [word for word in shlex.split(line.partition("pip install")[2]) if not word.startswith("-")]
        extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
        assert words[0] == ".[all]"
        assert "all" in extras
        for name in words[1:]:
            assert distribution(name)

    def test_what_it_leaves_out_is_nothing_that_it_copies(self) -> None:
        kept = [line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line[:1] == "!"]
        copied = [line for line in instructions("COPY") if not line.startswith("--from")]
        assert sorted(kept) == sorted(source for line in copied for source in line.split()[:-1])

    def test_the_interpreter_is_one_that_is_supported(self) -> None:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        versions = {each.removeprefix("python:").removesuffix("-slim").split(" ")[0] for each in instructions("FROM")}
        assert all(
            f"Programming Language :: Python :: {each.split('-')[0]}" in project["classifiers"] for each in versions
        )


def copy(source: Path, target: Path) -> None:
    if source.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    else:
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))


def test_the_guide_names_what_is_there() -> None:
    page = (ROOT / "docs" / "deployment.md").read_text()
    files = re.findall(r"`(examples/deploy/[^`]*)`", page)
    assert files
    assert [each for each in files if not (ROOT / each).exists()] == []
