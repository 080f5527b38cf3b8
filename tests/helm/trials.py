"""Values that the chart is rendered with in tests, and what is looked up in what comes of it."""

from typing import Any

from tests.helm.charts import Manifest

KAFKA = "kafka-0.kafka:9092,kafka-1.kafka:9092"
PREFIX = "staging."
USUAL: dict[str, Any] = {"kafka": {"bootstrapServers": KAFKA}}
EVERYTHING: dict[str, Any] = {
    "image": {"registry": "registry.example.com/team", "tag": "0.2.0", "pullSecrets": ["pull"]},
    "kafka": {"bootstrapServers": KAFKA, "topicPrefix": PREFIX, "partitions": 1_000, "backends": "simulated,other"},
    "settings": {"WAYPOST_LOG_LEVEL": "debug", "WAYPOST_KAFKA_COMPRESSION": "zstd"},
    "extraEnv": [{"name": "WAYPOST_MONGO_DRIVER", "value": "pymongo"}],
    "extraVolumes": [{"name": "certificates", "secret": {"secretName": "certificates"}}],
    "extraVolumeMounts": [{"name": "certificates", "mountPath": "/certificates", "readOnly": True}],
    "podAnnotations": {"prometheus.io/scrape": "true"},
    "nodeSelector": {"kubernetes.io/arch": "amd64"},
    "tolerations": [{"key": "messages", "operator": "Exists", "effect": "NoSchedule"}],
    "priorityClassName": "important",
    "api": {
        "settings": {"WAYPOST_HTTP_MAX_BODY_BYTES": "2097152"},
        "service": {"type": "LoadBalancer", "port": 80, "annotations": {"example.com/internal": "true"}},
        "ingress": {"enabled": True, "className": "nginx", "host": "waypost.example.com", "tlsSecret": "certificate"},
    },
    "ingest": {
        "settings": {"WAYPOST_BATCH_MAX_RECORDS": "1000"},
        "autoscaling": {
            "generation": 3,
            "lagThreshold": 1_000_000,
            "authenticationRef": "kafka",
            "triggerMetadata": {"tls": "enable"},
        },
    },
    "simulatedNetwork": {"enabled": True},
}
FIXED: dict[str, Any] = {
    "kafka": {"bootstrapServers": KAFKA},
    "connector": {"backend": "other", "image": "registry.example.com/other-connector:1.2.3"},
    "migrations": {"enabled": False},
    **{part: {"replicas": 3, "autoscaling": {"enabled": False}} for part in ("api", "ingest", "store")},
}


def of_kind(manifests: list[Manifest], kind: str) -> dict[str, Manifest]:
    """By the part that each is about."""
    found = [one for one in manifests if one["kind"] == kind]
    return {one["metadata"]["labels"]["app.kubernetes.io/component"]: one for one in found}


def pods(manifests: list[Manifest]) -> dict[str, dict[str, Any]]:
    return {
        part: one["spec"]["template"]["spec"]
        for kind in ("Deployment", "StatefulSet", "Job")
        for part, one in of_kind(manifests, kind).items()
    }


def variables(pod: dict[str, Any]) -> dict[str, Any]:
    (container,) = pod["containers"]
    names = [one["name"] for one in container["env"]]
    assert len(names) == len(set(names)), names
    return {one["name"]: one.get("value", one.get("valueFrom")) for one in container["env"]}


def templates(manifests: list[Manifest]) -> list[tuple[str, Manifest]]:
    return [found for kind in ("Deployment", "StatefulSet", "Job") for found in of_kind(manifests, kind).items()]
