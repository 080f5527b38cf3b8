"""What the chart makes is what Kubernetes and KEDA know, and scales as it should."""

import pytest
from tests.helm.charts import HIDDEN_HOOK, Manifest
from tests.helm.downloads import KUBERNETES
from tests.helm.schemas import mistakes
from tests.helm.trials import KAFKA, PREFIX, of_kind, pods, templates, variables

from waypost_common.settings import KafkaSettings
from waypost_common.topics import COMMANDS_STORE, EVENTS, INGEST_GROUP, STORE_GROUP, group_name, topic_name

pytestmark = pytest.mark.timeout(900)  # Helm and the schemas are fetched once.


@pytest.mark.parametrize("kubernetes", KUBERNETES)
@pytest.mark.parametrize("values", ["usual", "everything", "fixed"])
def test_every_object_is_one_that_kubernetes_knows(values: str, kubernetes: str, request: pytest.FixtureRequest) -> None:
    manifests = request.getfixturevalue(values)
    assert len(manifests) >= 10
    assert {one["metadata"]["name"]: found for one in manifests if (found := mistakes(one, kubernetes))} == {}


def test_an_object_that_is_wrong_is_told(everything: list[Manifest]) -> None:
    for kind, spec in (("Deployment", {"replica": 1}), ("ScaledObject", {"minReplicas": 1}), ("Ingress", {"rules": "none"})):
        wrong = next(one for one in everything if one["kind"] == kind)
        assert mistakes(wrong | {"spec": wrong["spec"] | spec}, KUBERNETES[0]), kind


def test_each_service_is_a_deployment_and_the_connectors_keep_their_names(usual: list[Manifest]) -> None:
    assert set(of_kind(usual, "Deployment")) == {"api", "ingest", "store"}
    assert set(of_kind(usual, "StatefulSet")) == {"connector"}
    gateway = variables(pods(usual)["connector"])["WAYPOST_CONNECTOR_GATEWAY_ID"]
    assert gateway == {"fieldRef": {"fieldPath": "metadata.name"}}


def test_what_is_selected_is_there_and_nothing_else(everything: list[Manifest]) -> None:
    labels = {part: pod["metadata"]["labels"] for part, pod in ((p, o["spec"]["template"]) for p, o in templates(everything))}
    for one in everything:
        selector = one["spec"].get("selector")
        if selector is not None:
            wanted = selector.get("matchLabels", selector)
            chosen = [part for part, found in labels.items() if wanted.items() <= found.items()]
            assert chosen == [one["metadata"]["labels"]["app.kubernetes.io/component"]], one["kind"]


def test_no_service_loses_more_than_one_at_a_time_to_maintenance(usual: list[Manifest]) -> None:
    budgets = of_kind(usual, "PodDisruptionBudget")
    assert {part: one["spec"]["maxUnavailable"] for part, one in budgets.items()} == dict.fromkeys(
        ["api", "connector", "ingest", "store"], 1
    )


def test_the_number_of_replicas_is_left_to_who_scales(usual: list[Manifest], fixed: list[Manifest]) -> None:
    assert {part: one["spec"].get("replicas") for part, one in of_kind(usual, "Deployment").items()} == dict.fromkeys(
        ["api", "ingest", "store"]
    )
    assert set(of_kind(usual, "HorizontalPodAutoscaler")) == {"api"}
    assert set(of_kind(usual, "ScaledObject")) == {"ingest", "store"}
    assert {one["spec"]["replicas"] for one in of_kind(fixed, "Deployment").values()} == {3}
    assert {*of_kind(fixed, "HorizontalPodAutoscaler"), *of_kind(fixed, "ScaledObject")} == set()


@pytest.mark.parametrize(("values", "prefix", "generation"), [("usual", "", 1), ("everything", PREFIX, 3)])
def test_keda_looks_at_the_lag_of_the_groups_that_read(
    values: str, prefix: str, generation: int, request: pytest.FixtureRequest
) -> None:
    kafka = KafkaSettings(topic_prefix=prefix)
    scaled = of_kind(request.getfixturevalue(values), "ScaledObject")
    looked_at = {part: one["spec"]["triggers"][0]["metadata"] for part, one in scaled.items()}
    assert {part: (one["consumerGroup"], one["topic"]) for part, one in looked_at.items()} == {
        "ingest": (group_name(kafka, INGEST_GROUP, generation), topic_name(kafka, EVENTS)),
        "store": (group_name(kafka, STORE_GROUP), topic_name(kafka, COMMANDS_STORE)),
    }
    assert {one["bootstrapServers"] for one in looked_at.values()} == {KAFKA}
    names = {part: one["metadata"]["name"] for part, one in of_kind(request.getfixturevalue(values), "Deployment").items()}
    assert all(one["spec"]["scaleTargetRef"]["name"] == names[part] for part, one in scaled.items())


def test_migrations_run_before_an_installation_and_an_upgrade(usual: list[Manifest], fixed: list[Manifest]) -> None:
    job = of_kind(usual, "Job")["migrations"]
    assert job["metadata"]["annotations"][HIDDEN_HOOK] == "pre-install,pre-upgrade"
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert container["command"] == ["waypost", "migrate"]
    assert of_kind(fixed, "Job") == {}
