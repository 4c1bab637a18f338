"""Drives a cluster through the Python client. Prints one line for each check, exits 1 when any failed."""

import base64
import sys
import threading
import time

from kubernetes import client, config, dynamic, utils, watch
from kubernetes.client.rest import ApiException

failures = 0


def check(name):
    def decorate(run):
        global failures
        try:
            run()
            print("ok  ", name)
        except Exception as error:  # every failure is reported, whatever it is
            failures += 1
            print("FAIL", name, repr(error)[:500])

    return decorate


config.load_kube_config()
core = client.CoreV1Api()
apps = client.AppsV1Api()
namespace = core.create_namespace({"metadata": {"generateName": "python-"}}).metadata.name


def config_map(name, **data):
    return client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name), data=data or {"k": "v"})


@check("typed objects")
def _():
    container = client.V1Container(name="c", image="example/c", resources={"requests": {"cpu": "100m"}})
    body = client.V1Deployment(
        metadata=client.V1ObjectMeta(name="d"),
        spec=client.V1DeploymentSpec(
            selector={"matchLabels": {"a": "b"}},
            template={"metadata": {"labels": {"a": "b"}}, "spec": client.V1PodSpec(containers=[container])},
        ),
    )
    made = apps.create_namespaced_deployment(namespace, body)
    assert made.spec.replicas == 1, made
    made.spec.replicas = 2
    assert apps.replace_namespaced_deployment("d", namespace, made).metadata.generation == 2
    scale = apps.read_namespaced_deployment_scale("d", namespace)
    assert scale.status.selector == "a=b", scale
    scale.spec.replicas = 3
    assert apps.replace_namespaced_deployment_scale("d", namespace, scale).spec.replicas == 3


@check("patches")
def _():
    core.create_namespaced_config_map(namespace, config_map("p"))
    core.patch_namespaced_config_map("p", namespace, {"data": {"s": "1"}})
    core.patch_namespaced_config_map("p", namespace, [{"op": "add", "path": "/data/j", "value": "1"}])
    data = core.read_namespaced_config_map("p", namespace).data
    assert sorted(data) == ["j", "k", "s"], data


@check("watch")
def _():
    version = core.list_namespaced_config_map(namespace).metadata.resource_version

    def later():
        time.sleep(0.2)
        core.create_namespaced_config_map(namespace, config_map("w"))
        core.delete_namespaced_config_map("w", namespace)

    threading.Thread(target=later).start()
    seen = []
    for event in watch.Watch().stream(core.list_namespaced_config_map, namespace, resource_version=version, timeout_seconds=3):
        seen.append((event["type"], event["object"].metadata.name))
    assert seen == [("ADDED", "w"), ("DELETED", "w")], seen


@check("pages")
def _():
    for i in range(7):
        core.create_namespaced_secret(namespace, client.V1Secret(metadata={"name": f"s-{i}"}, string_data={"a": "b"}))
    names, token = [], None
    while True:
        page = core.list_namespaced_secret(namespace, limit=3, _continue=token)
        names += [item.metadata.name for item in page.items]
        token = page.metadata._continue
        if not token:
            break
    assert names == [f"s-{i}" for i in range(7)], names
    assert base64.b64decode(core.read_namespaced_secret("s-0", namespace).data["a"]) == b"b"


@check("dynamic client and server-side apply")
def _():
    api = dynamic.DynamicClient(client.ApiClient())
    resource = api.resources.get(api_version="v1", kind="ConfigMap")
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": namespace}, "data": {"a": "1"}}
    applied = resource.server_side_apply(body=body, field_manager="one")
    assert applied.metadata.managedFields[0].operation == "Apply", applied
    body["data"]["a"] = "2"
    try:
        resource.server_side_apply(body=body, field_manager="two")
        raise AssertionError("a conflict was expected")
    except dynamic.exceptions.ConflictError:
        pass
    assert resource.server_side_apply(body=body, field_manager="two", force_conflicts=True).data.a == "2"


@check("manifests")
def _():
    manifest = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "m"}, "spec": {"ports": [{"port": 80}]}}
    utils.create_from_dict(client.ApiClient(), manifest, namespace=namespace)
    assert core.read_namespaced_service("m", namespace).spec.cluster_ip.startswith("10.")


@check("errors")
def _():
    try:
        core.read_namespaced_config_map("none", namespace)
        raise AssertionError("404 was expected")
    except ApiException as error:
        assert error.status == 404 and "not found" in error.body, error


@check("every typed list parses")
def _():
    for api, method in [
        (core, "list_node"),
        (core, "list_event_for_all_namespaces"),
        (client.RbacAuthorizationV1Api(), "list_cluster_role"),
        (client.RbacAuthorizationV1Api(), "list_cluster_role_binding"),
        (client.FlowcontrolApiserverV1Api(), "list_flow_schema"),
        (client.SchedulingV1Api(), "list_priority_class"),
        (client.StorageV1Api(), "list_storage_class"),
        (client.DiscoveryV1Api(), "list_endpoint_slice_for_all_namespaces"),
    ]:
        getattr(api, method)()


core.delete_namespace(namespace)
print(failures, "failed")
sys.exit(1 if failures else 0)
