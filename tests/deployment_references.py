"""What no schema sees: names and ports of one manifest that no other one has."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

Manifest = Mapping[str, Any]

WELL_KNOWN: Final = {"http": 80, "https": 443, "postgresql+asyncpg": 5432, "nats": 4222}
_URL: Final = re.compile(r"^([\w+]+)://(?:[^@/]*@)?([^/?]+)")
_TAGGED: Final = re.compile(r"^[\w./-]+:(?!latest$)[\w.-]+$")


def dangling_in_kubernetes(manifests: Sequence[Manifest], listens: int) -> Iterator[str]:
    """Yield what the manifests of one namespace name and do not have.

    Args:
        manifests: All of them.
        listens: The port on which the image of the services listens.
    """
    services = {each["metadata"]["name"]: each for each in manifests if each["kind"] == "Service"}
    maps = {each["metadata"]["name"] for each in manifests if each["kind"] == "ConfigMap"}
    workloads = [each for each in manifests if each["kind"] in ("Deployment", "StatefulSet")]
    pods = [each["spec"]["template"] for each in workloads]
    for name, service in services.items():
        yield from _dangling_ports(name, service["spec"], pods)
    for each in manifests:
        if each["kind"] == "PodDisruptionBudget" and not _chosen(each["spec"]["selector"]["matchLabels"], pods):
            yield f"disruption budget {each['metadata']['name']}: no pod has its labels"
    for each in workloads:
        name = each["metadata"]["name"]
        spec, labels = each["spec"], each["spec"]["template"]["metadata"]["labels"]
        for selector in (spec["selector"], *_label_selectors(spec["template"]["spec"])):
            if not selector["matchLabels"].items() <= labels.items():
                yield f"{name}: its pods have not the labels {selector['matchLabels']}"
        if each["kind"] == "StatefulSet" and spec["serviceName"] not in services:
            yield f"{name}: no service {spec['serviceName']}"
        claims = [claim["metadata"]["name"] for claim in spec.get("volumeClaimTemplates", ())]
        yield from (f"{name}: {problem}" for problem in _dangling_in_pod(spec["template"]["spec"], claims, maps))
        for container in spec["template"]["spec"]["containers"]:
            if container["image"].startswith("eventkit-examples") and listens not in _ports(container).values():
                yield f"{name}: the image listens on {listens}, and that is no port of its container"
            for variable in container["env"]:
                yield from (
                    f"{name}: {variable['name']} leads to {problem}"
                    for problem in _nowhere(variable.get("value", ""), workloads, services)
                )


def dangling_in_compose(compose: Mapping[str, Any], listens: int) -> Iterator[str]:
    """Yield what a Compose file names and does not have.

    Args:
        compose: The file, with its variables filled in.
        listens: The port on which the image of the services listens.
    """
    services = compose["services"]
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            if "healthcheck" not in services.get(other, {}) and how["condition"] == "service_healthy":
                yield f"{name}: {other} is no service with a health check"
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            if not source.startswith(("./", "/")) and source not in compose["volumes"]:
                yield f"{name}: no volume {source}"
        if "build" not in service:
            continue
        if [port.split(":")[-1] for port in service["ports"]] != [str(listens)]:
            yield f"{name}: the image listens on {listens}, and {service['ports']} are forwarded"
        if f":{listens}/" not in " ".join(service["healthcheck"]["test"]):
            yield f"{name}: the health check asks another port than {listens}"
        for variable, value in service["environment"].items():
            for scheme, host, port in _addresses(value):
                ours = "build" in services.get(host, {})
                if host not in services or port != (listens if ours else WELL_KNOWN[scheme]):
                    yield f"{name}: {variable} leads to {host}:{port}, where nobody listens"


def untagged(images: Sequence[str]) -> list[str]:
    """Return the images that are another one tomorrow."""
    return [image for image in images if not _TAGGED.match(image)]


def _dangling_ports(name: str, spec: Mapping[str, Any], pods: Sequence[Manifest]) -> Iterator[str]:
    chosen = _chosen(spec["selector"], pods)
    if not chosen:
        yield f"service {name}: no pod has its labels"
    for port in spec["ports"]:
        target = port.get("targetPort", port["port"])
        for pod in chosen:
            ports = [_ports(container) for container in pod["spec"]["containers"]]
            if not any(target in each or target in each.values() for each in ports):
                yield f"service {name}: its pods have no port {target}"


def _dangling_in_pod(pod: Mapping[str, Any], claims: Sequence[str], maps: set[str]) -> Iterator[str]:
    volumes = {volume["name"]: volume for volume in pod.get("volumes", ())}
    for volume in volumes.values():
        if "configMap" in volume and volume["configMap"]["name"] not in maps:
            yield f"no settings {volume['configMap']['name']}"
    for container in pod["containers"]:
        mounted = {mount["name"] for mount in container.get("volumeMounts", ())}
        yield from (f"no volume {volume}" for volume in sorted(mounted - volumes.keys() - set(claims)))
        ports = _ports(container)
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            asked = container.get(probe, {}).get("httpGet", {}).get("port")
            if asked is not None and asked not in ports and asked not in ports.values():
                yield f"{probe} asks the port {asked}, which the container has not"
        defined: set[str] = set()
        for variable in container["env"]:
            for used in re.findall(r"\$\((\w+)\)", variable.get("value", "")):
                if used not in defined:
                    yield f"{variable['name']} names {used}, which does not stand before it"
            defined.add(variable["name"])


def _nowhere(value: str, workloads: Sequence[Manifest], services: Mapping[str, Manifest]) -> Iterator[str]:
    """Yield the addresses of a value that no service has, and no pod of a set."""
    pods = {
        f"{each['metadata']['name']}-{number}.{each['spec']['serviceName']}": each["spec"]["serviceName"]
        for each in workloads
        if each["kind"] == "StatefulSet"
        for number in range(each["spec"]["replicas"])
    }
    for _, host, port in _addresses(value):
        service = services.get(pods.get(host, host))
        if service is None or port not in [each["port"] for each in service["spec"]["ports"]]:
            yield f"{host}:{port}, where nobody listens"


def _addresses(value: str) -> Iterator[tuple[str, str, int]]:
    """Yield the scheme, the host and the port of each server of a URL."""
    if found := _URL.match(value):
        scheme, servers = found.groups()
        for server in servers.split(","):
            host, _, port = server.partition(":")
            yield scheme, host, int(port or WELL_KNOWN[scheme])


def _label_selectors(pod: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    spread = pod.get("topologySpreadConstraints", [])
    apart = pod.get("affinity", {}).get("podAntiAffinity", {}).get("requiredDuringSchedulingIgnoredDuringExecution", [])
    return [each["labelSelector"] for each in (*spread, *apart)]


def _chosen(labels: Mapping[str, str], pods: Sequence[Manifest]) -> list[Manifest]:
    return [pod for pod in pods if labels.items() <= pod["metadata"]["labels"].items()]


def _ports(container: Mapping[str, Any]) -> dict[str, int]:
    return {port["name"]: port["containerPort"] for port in container.get("ports", ())}
