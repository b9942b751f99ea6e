"""The files in examples/deploy, run: their commands with their settings, against real servers."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import httpx2
import pytest

from tests.e2e.deployment import DEPLOY, SERVICES, Container, Deployed, Instance, compose, of_compose, of_kubernetes
from tests.servers.fixtures import required
from tests.servers.nats import Nats, NatsCluster
from tests.servers.postgres import Postgres

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.server]

PATIENCE = 60.0


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[Postgres]:
    """A server with the databases of the services."""
    required(Postgres)
    with Postgres(tmp_path / "postgres") as server:
        asyncio.run(make_databases(server))
        yield server


async def make_databases(server: Postgres) -> None:
    connection = await asyncpg.connect(server.url.replace("+asyncpg", ""))
    await connection.execute("CREATE ROLE postgres SUPERUSER LOGIN")
    for statement in (DEPLOY / "databases.sql").read_text().split(";")[:-1]:
        await connection.execute(statement)
    await connection.close()


@pytest.fixture(autouse=True)
def nothing_is_left_in_the_image() -> Iterator[None]:
    """The image cannot be written to: nothing may be made in the folder of the services."""

    def files() -> set[Path]:
        return {each for each in SERVICES.rglob("*") if "__pycache__" not in each.parts}

    before = files()
    yield
    assert files() == before


def place(service: Instance) -> str:
    """Place an order, and return its id."""
    order = {"user_id": "ada", "items": [{"product_id": "book", "unit_price": "20.00"}]}
    answer = httpx2.post(f"{service.url}/orders", json=order, timeout=10.0, trust_env=False)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["order_id"])


def completed(service: Instance, order_id: str) -> None:
    """Wait until an order is completed."""

    def status() -> str:
        answer = httpx2.get(f"{service.url}/orders/{order_id}", timeout=10.0, trust_env=False)
        return str(answer.json()["status"])

    eventually(lambda: status() == "completed")


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def stop_all(deployed: Deployed) -> None:
    """Stop as a shutdown does: each process ends by itself, within its grace period."""
    for instance in deployed.instances:
        assert instance.stop() in (0, -15), instance.log.read_text()  # uvicorn ends by the signal that it got


def test_compose(tmp_path: Path, postgres: Postgres) -> None:
    required(Nats)
    with Nats(tmp_path / "nats") as nats:
        hosts = {"@nats:4222": f"@127.0.0.1:{nats.port}", "@postgres/": f"@127.0.0.1:{postgres.port}/"}
        with Deployed(of_compose(), hosts, tmp_path) as deployed:
            deployed.start()
            orders = deployed.one("order_service")

            completed(orders, place(orders))
            checks_say_healthy(deployed, "order_service")
            operators_see_the_bus(deployed, orders.container)

            # While the broker is away requests are answered, and nobody is restarted; then all goes on.
            nats.kill()
            assert orders.probe(orders.container.alive) == 200
            waiting = place(orders)
            nats.start()
            completed(orders, waiting)
            orders.becomes(orders.container.started, 200)

            stop_all(deployed)


def checks_say_healthy(deployed: Deployed, name: str) -> None:
    """Run the health check of Compose as it stands in the file."""
    kind, python, *arguments = compose()["services"][name]["healthcheck"]["test"]
    assert (kind, python) == ("CMD", "python")
    instance = deployed.one(name)
    *options, program = arguments
    here = program.replace(":8000", f":{instance.port}")
    subprocess.run([sys.executable, *options, here], check=True)
    nobody = program.replace(":8000", ":9")
    assert subprocess.run([sys.executable, *options, nobody], stderr=subprocess.DEVNULL).returncode == 1


def operators_see_the_bus(deployed: Deployed, container: Container) -> None:
    """Run `eventkit lag` with the settings of a container."""
    bus = {"EVENTKIT_BUS_URL": deployed.environment(container)["EVENTKIT_BUS_URL"]}
    command = [sys.executable, "-c", "from eventkit.cli import main; main()", "lag"]
    shown = subprocess.run(command, env={**os.environ, **bus}, stdout=subprocess.PIPE, text=True, check=True).stdout
    assert "order_service" in shown


def test_kubernetes(tmp_path: Path, postgres: Postgres) -> None:
    """Three servers of NATS, two instances of each service, and a rolling update while orders come in."""
    required(Nats)
    with NatsCluster(tmp_path / "nats") as cluster:
        hosts = {f"nats-{number}.nats:4222": f"127.0.0.1:{each.port}" for number, each in enumerate(cluster.servers)}
        hosts["@postgres/"] = f"@127.0.0.1:{postgres.port}/"
        with Deployed(of_kubernetes(), hosts, tmp_path) as deployed:
            deployed.start()
            assert len(deployed.of("order-service")) == 2
            first, second = deployed.of("order-service")
            placed = [place(first), place(second)]

            for old in deployed.of("payment-service") + deployed.of("product-service"):
                new = Instance(old.container, tmp_path)
                deployed.launch(new)
                deployed.instances.append(new)
                placed.append(place(first))
                new.becomes(new.container.started, 200)  # maxUnavailable: 0
                assert old.stop() in (0, -15)
                deployed.instances.remove(old)
                placed.append(place(second))

            for order_id in placed:
                completed(first, order_id)
            stop_all(deployed)
