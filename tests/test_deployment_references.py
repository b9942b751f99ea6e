"""The files in examples/deploy fit each other: each name and each port of one leads to something in another."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.deployment_references import dangling_in_compose, dangling_in_kubernetes, untagged
from tests.e2e.deployment import (
    DEPLOY,
    LOADER,
    PORT,
    ROOT,
    SECRETS,
    check_compose,
    compose,
    instructions,
    interpolated,
    manifests,
)

LISTENS: Final = int(PORT)
KUSTOMIZATION: Final = DEPLOY / "kubernetes" / "kustomization.yaml"


def changed_manifests(old: str, new: str) -> list[Any]:
    text = "\n---\n".join(
        file.read_text("utf-8") for file in sorted((DEPLOY / "kubernetes").glob("*.yaml")) if file != KUSTOMIZATION
    )
    assert old in text
    return list(yaml.load_all(text.replace(old, new, 1), LOADER))


def changed_compose(old: str, new: str) -> Any:
    text = (DEPLOY / "compose.yaml").read_text("utf-8")
    assert old in text
    return yaml.load(interpolated(text.replace(old, new, 1), SECRETS), LOADER)


class TestKubernetes:
    def test_all_that_is_named_is_there(self) -> None:
        assert list(dangling_in_kubernetes([each for _, each in manifests()], LISTENS)) == []

    @pytest.mark.parametrize(
        ("old", "new", "problem"),
        [
            ("containerPort: 8000", "containerPort: 8080", "the image listens on 8000"),
            ("targetPort: http", "targetPort: web", "no port web"),
            ("httpGet: {path: /health, port: http}", "httpGet: {path: /health, port: web}", "startupProbe asks"),
            ("value: http://payment-service", "value: http://payments", "leads to payments:80"),
            ("value: http://neighbours/account", "value: http://neighbours:8000/account", "leads to neighbours:8000"),
            ("nats-2.nats:4222", "nats-3.nats:4222", "leads to nats-3.nats:4222"),
            ("nats-0.nats:4222", "nats-0.nats:4223", "leads to nats-0.nats:4223"),
            ("@postgres/order_service", "@database/order_service", "leads to database:5432"),
            ("selector: {app.kubernetes.io/name: postgres}", "selector: {app: postgres}", "no pod has its labels"),
            ("maxUnavailable: 1\n  selector:\n    matchLabels: {app.kubernetes.io/name: nats}", "maxUnavailable: 1\n"
             "  selector:\n    matchLabels: {app.kubernetes.io/name: nuts}", "disruption budget nats"),
            ("matchLabels: {app.kubernetes.io/name: order-service}", "matchLabels: {app.kubernetes.io/name: orders}",
             "its pods have not the labels"),
            ("serviceName: nats", "serviceName: nat", "no service nat"),
            ("{name: tmp, mountPath: /tmp}", "{name: temp, mountPath: /tmp}", "no volume temp"),
            ("configMap: {name: nats}", "configMap: {name: nats-settings}", "no settings nats-settings"),
            ("- name: NATS_PASSWORD\n              valueFrom: {secretKeyRef: {name: shop, key: nats-password}}\n"
             "            - name: POSTGRES_PASSWORD", "- name: POSTGRES_PASSWORD", "does not stand before it"),
        ],
    )  # fmt: skip
    def test_what_does_not_fit_is_found(self, old: str, new: str, problem: str) -> None:
        found = "\n".join(dangling_in_kubernetes(changed_manifests(old, new), LISTENS))
        assert problem in found

    def test_the_secret_of_the_guide_has_the_keys_that_are_read(self) -> None:
        page = (ROOT / "docs" / "deployment.md").read_text("utf-8")
        [name] = re.findall(r"create secret generic (\S+)", page)
        read = {(found["name"], found["key"]) for _, each in manifests() for found in _values(each, "secretKeyRef")}
        assert read == {(name, key) for key in re.findall(r"--from-literal=([\w-]+)=", page)}

    def test_the_kustomization_has_only_fields_that_kustomize_knows(self) -> None:
        content = yaml.safe_load(KUSTOMIZATION.read_text("utf-8"))
        assert content.keys() == {"apiVersion", "kind", "namespace", "resources", "images"}
        assert all(each.keys() == {"name", "newName", "newTag"} for each in content["images"])
        [namespace] = [each["metadata"]["name"] for _, each in manifests() if each["kind"] == "Namespace"]
        assert content["namespace"] == namespace


class TestCompose:
    def test_all_that_is_named_is_there(self) -> None:
        assert list(dangling_in_compose(compose(), LISTENS)) == []

    @pytest.mark.parametrize(
        ("old", "new", "problem"),
        [
            ("127.0.0.1:8101:8000", "127.0.0.1:8101:8080", "the image listens on 8000"),
            ("http://127.0.0.1:8000/health", "http://127.0.0.1:8080/health", "the health check asks another port"),
            ("http://payment_service:8000", "http://payment-service:8000", "leads to payment-service:8000"),
            ("http://neighbours:8000/wallet", "http://neighbours/wallet", "leads to neighbours:80"),
            ("@nats:4222?wait", "@nats:4223?wait", "leads to nats:4223"),
            ("@postgres/order_service", "@database/order_service", "leads to database:5432"),
            ("    nats: {condition: service_healthy}", "    nuts: {condition: service_healthy}", "nuts is no service"),
            ("- nats:/data", "- streams:/data", "no volume streams"),
        ],
    )
    def test_what_does_not_fit_is_found(self, old: str, new: str, problem: str) -> None:
        assert problem in "\n".join(dangling_in_compose(changed_compose(old, new), LISTENS))

    def test_a_field_that_compose_does_not_know_is_seen(self, tmp_path: Path) -> None:
        text = (DEPLOY / "compose.yaml").read_text("utf-8")
        (tmp_path / "compose.yaml").write_text(text.replace("stop_grace_period", "stop_grace_time"), "utf-8")
        checked = check_compose(tmp_path / "compose.yaml")
        assert checked.exit_code == 1
        assert "stop_grace_time" in checked.stdout

    def test_the_example_of_settings_has_what_has_to_be_chosen(self) -> None:
        asked = set(re.findall(r"\$\{(\w+):\?", (DEPLOY / "compose.yaml").read_text("utf-8")))
        example = (DEPLOY / ".env.example").read_text("utf-8")
        assert set(re.findall(r"^(\w+)=$", example, re.MULTILINE)) == asked

    def test_nats_listens_where_it_is_asked(self) -> None:
        settings = (DEPLOY / "nats.conf").read_text("utf-8")
        [client] = re.findall(r"^listen: 0\.0\.0\.0:(\d+)$", settings, re.MULTILINE)
        [monitor] = re.findall(r"^http: 0\.0\.0\.0:(\d+)$", settings, re.MULTILINE)
        nats = compose()["services"]["nats"]
        assert f"@nats:{client}?" in compose()["services"]["neighbours"]["environment"]["NEIGHBOURS_BUS_URL"]
        assert f"http://127.0.0.1:{monitor}/" in " ".join(nats["healthcheck"]["test"])


class TestImages:
    def test_each_has_a_tag(self) -> None:
        images = [image for _, each in manifests() for image in _values(each, "image")]
        images += [each["image"] for each in compose()["services"].values()]
        images += [line.split(" ")[0] for line in instructions("FROM")]
        assert len(images) > 10
        assert untagged(images) == []

    @pytest.mark.parametrize("image", ["nats", "nats:latest", "registry.example/nats", "nats:"])
    def test_one_without_a_tag_is_found(self, image: str) -> None:
        assert untagged([image, "registry.example/nats:2.12-alpine"]) == [image]

    def test_compose_and_kubernetes_run_the_same(self) -> None:
        here = {each["image"] for each in compose()["services"].values()}
        assert here == {image for _, each in manifests() for image in _values(each, "image")}

    def test_the_image_that_is_renamed_is_the_one_that_runs_and_that_the_guide_builds(self) -> None:
        [renamed] = yaml.safe_load(KUSTOMIZATION.read_text("utf-8"))["images"]
        used = {image for _, each in manifests() for image in _values(each, "image")}
        assert any(image.startswith(f"{renamed['name']}:") for image in used)
        page = (ROOT / "docs" / "deployment.md").read_text("utf-8")
        assert f"--tag {renamed['newName']}:{renamed['newTag']} " in page

    def test_the_image_listens_where_it_says(self) -> None:
        words = json.loads(instructions("ENTRYPOINT")[0])
        assert words[words.index("--port") + 1] == PORT
        assert instructions("EXPOSE") == [PORT]


def _values(value: Any, name: str) -> list[Any]:
    """Return what stands under a name, however deep."""
    if isinstance(value, dict):
        return [found for key, each in value.items() for found in ([each] if key == name else _values(each, name))]
    return [found for each in value for found in _values(each, name)] if isinstance(value, list) else []
